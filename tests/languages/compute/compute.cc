// SPDX-License-Identifier: BSD-2-Clause
// compute.cc - primes below 500,000, size times, then a product of
// matrices: what each language computes, to compare guest and host.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? std::stoul(argv[1]) : 1, n = 500000, count = 0;

    while (size-- > 0) {
        std::vector<bool> sieve(n);

        for (size_t i = 2; i < n; i++) {
            if (sieve[i])
                continue;
            count++;
            for (size_t k = i * 2; k < n; k += i)
                sieve[k] = true;
        }
    }
    constexpr int m = 500;
    std::vector<std::vector<double>> a(m, std::vector<double>(m));
    double total = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            a[i][j] = i * j % 7 + 0.5;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            for (int k = 0; k < m; k++)
                total += a[i][k] * a[k][j];
    std::cout << count << ' ' << total << '\n';
}
