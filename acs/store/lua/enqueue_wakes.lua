-- Put phones into the wake queue; those that wait for another attempt are asked anew, now.
-- KEYS: 1 queue, 2 jobs, 3 under way, 4 when each was last sent one, 5 pace
-- ARGV: 1 now, 2 the job without its attempts, 3... device ids
-- Returns how many were not in the queue
local new = 0
for place = 3, #ARGV do
  local id = ARGV[place]
  if redis.call('HEXISTS', KEYS[2], id) == 0 then
    new = new + 1
  end
  local lease = redis.call('ZSCORE', KEYS[3], id)
  if not lease or tonumber(lease) <= tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[2], id, '0000' .. ARGV[2])
    redis.call('ZADD', KEYS[1], ARGV[1], id)
  end
end
return new
