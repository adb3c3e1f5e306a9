-- Change or close an open alert.
-- KEYS: 1 open alerts, 2 closed alerts
-- ARGV: 1 what it is about, 2 the alert as it is stored, 3 as it is to be, 4 cap of closed alerts, or 0 to keep it open
-- Returns 1, or 0 when it is not stored like that
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
if ARGV[4] == '0' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
else
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('LPUSH', KEYS[2], ARGV[3])
  redis.call('LTRIM', KEYS[2], 0, ARGV[4] - 1)
end
return 1
