# Primes, and where we are.
import platform


def primes(limit):
    sieve = bytearray([1]) * limit
    for i in range(2, limit):
        if sieve[i]:
            yield i
            sieve[i * i::i] = bytes(len(range(i * i, limit, i)))


found = list(primes(100000))
print(len(found), "primes, the last", found[-1])
print("on", platform.machine())
