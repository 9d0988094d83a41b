-- SPDX-License-Identifier: BSD-2-Clause
-- program.lua - Lua: coroutines, both collectors, finalizers, patterns, files,
-- dates. Argument 1 is the size; "error" indexes nil, deep in a coroutine.
local what = arg[1]
if what == 'error' then
  local function deeper(n)
    if n == 0 then local nothing; nothing.field = 1 end
    deeper(n - 1)
    return n
  end
  coroutine.wrap(function() deeper(20) end)()
end
local size = tonumber(what)

local function coroutines()
  local function numbers(n)
    return coroutine.wrap(function() for i = 1, n do coroutine.yield(i * i) end end)
  end
  local sum = 0
  for n in numbers(size * 100) do sum = sum + n end
  local ring = {}
  for i = 1, 100 do
    ring[i] = coroutine.create(function(n)
      while true do n = n + coroutine.yield(n) end
    end)
    coroutine.resume(ring[i], i)
  end
  local total = 0
  for _ = 1, size do
    for i = 1, 100 do total = total + select(2, coroutine.resume(ring[i], 1)) end
  end
  local ok, message = coroutine.resume(coroutine.create(function() error('inside', 0) end))
  print('coroutines:', sum, total, ok, message)
end

local function collector(mode)
  collectgarbage(mode)
  local gone, kept = 0, {}
  local weak = setmetatable({}, { __mode = 'v' })
  for i = 1, size * 200 do
    local made = setmetatable({ i, ('x'):rep(i % 200) }, { __gc = function() gone = gone + 1 end })
    made[3] = made
    if i % 50 == 0 then kept[#kept + 1] = made end
    weak[i] = made
  end
  collectgarbage()
  collectgarbage()
  local alive = 0
  for _ in pairs(weak) do alive = alive + 1 end
  print('collector:', mode, gone + alive == size * 200, #kept <= alive)
end

local function text()
  local name = os.tmpname()
  local f = assert(io.open(name, 'w+'))
  f:setvbuf('full', 512)
  for i = 1, size * 50 do f:write(('key%d=%s\n'):format(i, ('v'):rep(i % 6))) end
  f:seek('set')
  local count, lengths = 0, {}
  for line in f:lines() do
    local key, value = line:match('^key(%d+)=(v*)$')
    if key:match('7$') then count = count + 1 end
    if value then lengths[#value] = (lengths[#value] or 0) + 1 end
  end
  local length = f:seek('end')
  f:close()
  print('text:', count, lengths[0], lengths[5], length)
  assert(os.remove(name))
  print('gone:', io.open(name) == nil)
  print((('second first'):gsub('(%w+) (%w+)', '%2 %1')), utf8.char(228, 8364), utf8.len('äöü'))
end

local function sorted()
  local seed, numbers = 1, {}
  for i = 1, size * 200 do
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    numbers[i] = seed
  end
  table.sort(numbers, function(a, b) return a > b end)
  local words = {}
  for i = 1, 50 do words[i] = string.pack('>I4', numbers[i]):byte(1) end
  print('sorted:', numbers[1], numbers[size * 100], table.concat(words, ' '))
end

coroutines()
collector('incremental')
collector('generational')
text()
sorted()
print(os.date('!%A %d %B %Y %H:%M:%S', 951782400), os.clock() > 0, os.time() > 0)
print(pcall(error, 'caught'), string.format('%.14g %q', math.pi, 'a\nb'))
