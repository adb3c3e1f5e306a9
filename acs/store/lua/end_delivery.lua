-- A delivery was taken, or is given up, or tried again from the beginning.
-- KEYS: 1 deliveries, 2 by when they are due, 3 those that were given up
-- ARGV: 1 its id, 2 'done', 'dead' or 'again', 3 the delivery, 4 when it is due, 5 how many are kept of those given up
-- Returns 0 when there is no such delivery
if ARGV[2] == 'again' then
  if redis.call('HDEL', KEYS[3], ARGV[1]) == 0 then
    return 0
  end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
  return 1
end
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
if ARGV[2] == 'dead' then
  if redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[5]) then
    redis.call('HDEL', KEYS[3], redis.call('HRANDFIELD', KEYS[3]))
  end
  redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
end
return 1
