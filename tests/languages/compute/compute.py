# SPDX-License-Identifier: BSD-2-Clause
# compute.py - primes below 500,000, size times, then a product of
# matrices: what each language computes, to compare guest and host.
import sys

size = int(sys.argv[1])
n = 500000
count = 0
for _ in range(size):
    sieve = bytearray(n)
    for i in range(2, n):
        if sieve[i]:
            continue
        count += 1
        for k in range(i * 2, n, i):
            sieve[k] = 1
m = 100
a = [[(i * j) % 7 + 0.5 for j in range(m)] for i in range(m)]
total = 0.0
for i in range(m):
    for j in range(m):
        s = 0.0
        for k in range(m):
            s += a[i][k] * a[k][j]
        total += s
print(count, total)
