-- Append events to the stream, each once.
-- KEYS: 1 stream, 2 ids of the newest events by their number, 3 counts of this minute
-- ARGV: 1 about how many events are kept, 2 how many ids, 3 life of the counts in seconds,
--   then for each event its id, kind and the event itself
-- Returns how many were new
local new = 0
for place = 4, #ARGV, 3 do
  if not redis.call('ZSCORE', KEYS[2], ARGV[place]) then
    local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[place + 2])
    redis.call('ZADD', KEYS[2], string.match(id, '^%d+'), ARGV[place])
    redis.call('HINCRBY', KEYS[3], ARGV[place + 1], 1)
    new = new + 1
  end
end
if new > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[2] - 1)
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
return new
