-- Tables, strings, closures, coroutines, files and errors of Lua.
print("arguments", #arg, arg[1])
local words, longest = {}, ""
for line in io.lines("words") do
  words[#words + 1] = line
  if #line > #longest then longest = line end
end
table.sort(words)
print(#words, longest, table.concat(words, ","))
local function counter()
  local n = 0
  return function() n = n + 1 return n end
end
local c = counter()
c() c()
print("closure", c())
local function primes(limit)
  return coroutine.wrap(function()
    local sieve = {}
    for i = 2, limit do
      if not sieve[i] then
        coroutine.yield(i)
        for j = i * i, limit, i do sieve[j] = true end
      end
    end
  end)
end
local sum, count = 0, 0
for p in primes(20000) do sum, count = sum + p, count + 1 end
print("primes", count, sum)
print(string.format("%5.2f %x %q %s", math.pi, 255, "a\nb", 2^53))
print(("one two three"):gsub("%w+", function(w) return w:upper():reverse() end))
print(math.maxinteger, math.maxinteger + 1 == math.mininteger, 7 // 2, -7 % 3)
local point = setmetatable({x = 1, y = 2}, {
  __add = function(a, b) return a.x + b.x end,
  __tostring = function(p) return "(" .. p.x .. "," .. p.y .. ")" end,
})
print(tostring(point), point + point)
local f = assert(io.open("lua.out", "w"))
for i = 1, 1000 do f:write(i, "\n") end
f:close()
f = io.open("lua.out")
f:seek("end", -5)
print("tail", f:read("a"))
f:close()
print(os.remove("lua.out"), io.open("lua.out"))
print(pcall(error, {code = 3}) == false, select("#", pcall(error)))
print(pcall(function() local x = nil; return x.y end))
print(os.date("!%Y-%m-%d", 1000000000), utf8.char(228, 8364), utf8.len("äö"))
io.stderr:write("to stderr\n")
os.exit(11)
