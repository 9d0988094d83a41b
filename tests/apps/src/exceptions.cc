/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exceptions.cc - exceptions through frames with destructors, iostreams,
 * containers, threads and locales of C++.
 */
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Noisy {
    std::string name;
    explicit Noisy(std::string n) : name(std::move(n))
    {
        std::cout << "+" << name << "\n";
    }
    ~Noisy()
    {
        std::cout << "-" << name << "\n";
    }
};

static int thrower(int depth)
{
    Noisy n("frame " + std::to_string(depth));

    if (depth == 0)
        throw std::out_of_range("bottom");
    return thrower(depth - 1) + 1;
}

static void exceptions()
{
    try {
        thrower(3);
    } catch (const std::logic_error &e) {
        std::cout << "caught " << e.what() << "\n";
    }
    try {
        try {
            std::vector<int>().at(1);
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::exception &e) {
        std::cout << e.what() << "\n";
        try {
            std::rethrow_if_nested(e);
        } catch (const std::exception &inner) {
            std::cout << "nested: " << (inner.what()[0] != 0) << "\n";
        }
    }
    int caught = 0;
    for (int i = 0; i < 1000; i++) {
        try {
            throw i;
        } catch (int n) {
            caught += n;
        }
    }
    std::cout << "sum " << caught << "\n";
}

static void streams()
{
    std::ofstream out("cpp.out");
    for (int i = 0; i < 100; i++)
        out << std::setw(6) << std::hex << i * i << std::dec << '\n';
    out.close();
    std::ifstream in("cpp.out");
    std::string line;
    std::map<size_t, int> lengths;
    long total = 0;
    while (std::getline(in, line)) {
        lengths[line.size()]++;
        total += std::stol(line, nullptr, 16);
    }
    std::cout << total << " " << lengths[6] << "\n";
    std::ostringstream s;
    s << std::fixed << std::setprecision(4) << 3.14159265 << " "
      << std::scientific << 12345.678 << " " << std::boolalpha << true;
    std::cout << s.str() << "\n";
    std::smatch m;
    std::string text = "key = value42";
    if (std::regex_search(text, m, std::regex(R"((\w+)\s*=\s*([a-z]+)(\d+))")))
        std::cout << m[1] << "|" << m[2] << "|" << m[3] << "\n";
}

static void threads()
{
    std::atomic<long> sum{ 0 };
    std::vector<std::thread> workers;

    for (int i = 0; i < 8; i++)
        workers.emplace_back([&sum, i] {
            for (int n = 0; n < 10000; n++)
                sum += i;
            try {
                throw i;
            } catch (int) {
                sum++;
            }
        });
    for (auto &w : workers)
        w.join();
    std::cout << "threads " << sum << "\n";
}

int main()
{
    auto shared = std::make_shared<Noisy>("shared");
    exceptions();
    streams();
    threads();
    std::cerr << "to stderr\n";
    return 17;
}
