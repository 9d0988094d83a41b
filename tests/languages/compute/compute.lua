-- SPDX-License-Identifier: BSD-2-Clause
-- compute.lua - primes below 500,000, size times, then a product of
-- matrices: what each language computes, to compare guest and host.
local n, count = 500000, 0
for _ = 1, tonumber(arg[1]) do
  local sieve = {}
  for i = 1, n do sieve[i] = false end
  for i = 2, n - 1 do
    if not sieve[i] then
      count = count + 1
      for k = i * 2, n - 1, i do sieve[k] = true end
    end
  end
end
local m, a, total = 150, {}, 0
for i = 0, m - 1 do
  a[i] = {}
  for j = 0, m - 1 do a[i][j] = (i * j) % 7 + 0.5 end
end
for i = 0, m - 1 do
  for j = 0, m - 1 do
    local s = 0
    for k = 0, m - 1 do s = s + a[i][k] * a[k][j] end
    total = total + s
  end
end
print(count, total)
