# SPDX-License-Identifier: BSD-2-Clause
# compute.rb - primes below 500,000, size times, then a product of
# matrices: what each language computes, to compare guest and host.
size = Integer(ARGV[0])
n = 500_000
count = 0
size.times do
  sieve = Array.new(n, false)
  i = 2
  while i < n
    unless sieve[i]
      count += 1
      k = i * 2
      while k < n
        sieve[k] = true
        k += i
      end
    end
    i += 1
  end
end
m = 100
a = Array.new(m) { |x| Array.new(m) { |y| (x * y) % 7 + 0.5 } }
total = 0.0
m.times { |x| m.times { |y| s = 0.0; m.times { |z| s += a[x][z] * a[z][y] }; total += s } }
puts "#{count} #{total}"
