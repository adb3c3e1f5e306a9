-- Take what is due, for so long: who finds it after that may take it again.
-- KEYS: 1 what is due when
-- ARGV: 1 now, 2 until when it is taken, 3 how many at most
-- Returns the names
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, name in ipairs(names) do
  redis.call('ZADD', KEYS[1], ARGV[2], name)
end
return names
