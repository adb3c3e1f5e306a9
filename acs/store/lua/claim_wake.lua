-- Lease one phone for waking now, in the queue or not, as asked for anew.
-- KEYS: 1 queue, 2 jobs, 3 under way, 4 when each was last sent one, 5 pace
-- ARGV: 1 now, 2 lease in seconds, 3 device id, 4 the job without its attempts
-- Returns the job, or nil while an attempt is under way
local held = redis.call('ZSCORE', KEYS[3], ARGV[3])
if held and tonumber(held) > tonumber(ARGV[1]) then
  return false
end
local job = '0001' .. ARGV[4]
local lease = tonumber(ARGV[1]) + tonumber(ARGV[2])
redis.call('HSET', KEYS[2], ARGV[3], job)
redis.call('ZADD', KEYS[1], lease, ARGV[3])
redis.call('ZADD', KEYS[3], lease, ARGV[3])
redis.call('ZADD', KEYS[4], ARGV[1], ARGV[3])
return job
