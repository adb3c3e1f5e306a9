-- End an attempt to wake a phone, unless somebody else has taken the phone up meanwhile.
-- KEYS: 1 queue, 2 jobs, 3 under way, 4 when each was last sent one, 5 pace
-- ARGV: 1 device id, 2 what its job must begin with,
--   3 'sent' (its effect is awaited, the lease stays), 'over', or when it is to be tried again
-- Returns 1, or 0 when it was taken up
local job = redis.call('HGET', KEYS[2], ARGV[1])
if not job or string.sub(job, 1, 12) ~= ARGV[2] then
  return 0
end
redis.call('ZREM', KEYS[3], ARGV[1])
if ARGV[3] == 'over' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
elseif ARGV[3] ~= 'sent' then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
return 1
