-- Keep a delivery that is not there yet.
-- KEYS: 1 deliveries, 2 by when they are due, 3 those that were given up
-- ARGV: 1 its id, 2 the delivery, 3 when it is due
-- Returns 1 when it is new
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 or redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
