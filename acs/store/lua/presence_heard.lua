-- Note signs of life of many phones, and that a server is up.
-- KEYS: 1 when to look, 2 last heard, 3 missing, 4 back, 5 since when servers are up, 6 counts of this minute
-- ARGV: 1 now, 2 seconds without a word from any server that make an outage, 3 life of the counts in seconds,
--   4 how many of them were Informs, then for each phone its key, when it will be late, when it was heard
local last = redis.call('HGET', KEYS[5], 'last')
if not last or ARGV[1] - last > tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[5], 'since', ARGV[1])
end
redis.call('HSET', KEYS[5], 'last', ARGV[1])
if #ARGV == 4 then
  return
end
for place = 5, #ARGV, 3 do
  local key, heard = ARGV[place], ARGV[place + 2]
  local before = redis.call('ZSCORE', KEYS[2], key)
  if not before or tonumber(heard) >= tonumber(before) then
    redis.call('ZADD', KEYS[1], ARGV[place + 1], key)
    redis.call('ZADD', KEYS[2], heard, key)
  end
  if redis.call('ZSCORE', KEYS[3], key) then
    redis.call('ZADD', KEYS[4], 'NX', heard, key)
  end
end
redis.call('HINCRBY', KEYS[6], 'informs', ARGV[4])
redis.call('EXPIRE', KEYS[6], ARGV[3])
