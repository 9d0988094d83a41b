// SPDX-License-Identifier: BSD-2-Clause
// objects.cc - C++: threads, futures, exceptions thrown across threads,
// thread_local objects with destructors, atomics, containers, streams, regex,
// the file system library. Argument 1 is the size; "crash" throws what nobody
// catches.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <regex>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{
std::atomic<int> counters_made, counters_gone;

struct Counter {
    unsigned n = 0;
    Counter() { counters_made++; }
    ~Counter() { counters_gone++; }
};
thread_local Counter counter;

class Refused : public std::runtime_error
{
  public:
    explicit Refused(unsigned n)
        : std::runtime_error("refused " + std::to_string(n)), n(n)
    {
    }
    unsigned n;
};

unsigned descend(unsigned depth, unsigned n)
{
    auto held = std::make_unique<Counter>();

    if (depth == 0) {
        if (n % 3 == 0)
            throw Refused(n);
        return n;
    }
    return descend(depth - 1, n) + 1;
}

unsigned exceptions(unsigned from, unsigned to)
{
    unsigned caught = 0;

    for (unsigned i = from; i < to; i++) {
        try {
            counter.n += descend(i % 8, i);
        } catch (const Refused &e) {
            caught += e.n != 0;
            counter.n++;
        }
    }
    return caught + counter.n % 1000;
}

void throwers(unsigned size)
{
    std::vector<std::future<unsigned>> results;
    unsigned total = 0, failed = 0;

    for (unsigned i = 0; i < 8; i++)
        results.push_back(std::async(std::launch::async, [=] {
            if (i == 5)
                throw std::out_of_range("thread 5 gives up");
            return exceptions(i * size * 5, (i + 1) * size * 5);
        }));
    for (auto &result : results) {
        try {
            total += result.get();
        } catch (const std::out_of_range &e) {
            std::cout << "caught from a thread: " << e.what() << '\n';
            failed++;
        }
    }
    std::cout << "exceptions: " << total << ", failed " << failed
              << ", counters " << counters_made - counters_gone << '\n';
}

void locks(unsigned size)
{
    std::shared_mutex lock;
    std::map<unsigned, uint64_t> table;
    std::atomic<uint64_t> reads{0};
    std::vector<std::thread> threads;
    std::once_flag once;
    int started = 0;

    for (unsigned t = 0; t < 6; t++)
        threads.emplace_back([&, t] {
            std::call_once(once, [&] { started++; });
            for (unsigned i = 0; i < size * 20; i++) {
                if (i % 4 == 0) {
                    std::unique_lock hold(lock);
                    table[i % 64] += t + i;
                } else {
                    std::shared_lock hold(lock);
                    reads += table.size() <= 64;
                }
            }
        });
    for (auto &thread : threads)
        thread.join();
    uint64_t sum = 0;
    for (auto &[key, value] : table)
        sum += value * key;
    std::cout << "locks: " << started << ' ' << reads << ' ' << sum << '\n';
}

void ping_pong(unsigned size)
{
    std::mutex lock;
    std::condition_variable turned;
    unsigned turn = 0;
    auto play = [&](unsigned me) {
        for (unsigned i = 0; i < size * 5; i++) {
            std::unique_lock hold(lock);
            turned.wait(hold, [&] { return turn % 2 == me; });
            turn++;
            turned.notify_one();
        }
    };
    std::thread a(play, 0), b(play, 1);

    a.join();
    b.join();
    std::cout << "turns: " << turn << '\n';
}

void containers(unsigned size)
{
    std::unordered_map<std::string, std::vector<unsigned>> words;
    std::vector<std::shared_ptr<std::string>> kept;

    for (unsigned i = 0; i < size * 200; i++) {
        std::string word = "w" + std::to_string(i * 7919u % 1009u);
        words[word].push_back(i);
        if (i % 3 == 0)
            kept.push_back(std::make_shared<std::string>(word + "!"));
    }
    std::vector<std::string> names;
    for (auto &entry : words)
        names.push_back(entry.first);
    std::sort(names.begin(), names.end());
    uint64_t sum = std::accumulate(
        names.begin(), names.end(), uint64_t{0},
        [&](uint64_t s, const std::string &n) { return s * 31 + words[n][0]; });
    std::cout << "containers: " << names.size() << ' ' << kept.size() << ' '
              << sum << '\n';
}

void files(unsigned size)
{
    namespace fs = std::filesystem;
    fs::path dir = fs::current_path() / "objects.dir";
    std::regex pattern("key(\\d+)=(.*[13579])");
    unsigned matches = 0;

    fs::create_directories(dir / "a" / "b");
    for (unsigned i = 0; i < size; i++) {
        std::ofstream out(dir / ("f" + std::to_string(i)));
        out << "key" << i << "=" << i * i << '\n';
    }
    for (auto &entry : fs::recursive_directory_iterator(dir)) {
        if (!entry.is_regular_file())
            continue;
        std::ifstream in(entry.path());
        std::string line;
        std::smatch found;
        while (std::getline(in, line))
            matches += std::regex_match(line, found, pattern);
    }
    std::cout << "files: " << matches << " fit, removed "
              << fs::remove_all(dir) << '\n';
}
} // namespace

int main(int argc, char **argv)
{
    if (argc > 1 && std::string(argv[1]) == "crash") {
        std::cout << "about to crash" << std::endl;
        std::thread([] { throw Refused(7); }).join();
    }
    unsigned size = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1;
    auto began = std::chrono::steady_clock::now();

    throwers(size);
    locks(size);
    ping_pong(size);
    containers(size);
    files(size);
    std::cout << (std::chrono::steady_clock::now() > began ? "later" : "never")
              << '\n';
    return 0;
}
