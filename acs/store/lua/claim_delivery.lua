-- Take a delivery that is due for some time, unless somebody else has.
-- KEYS: 1 deliveries by when they are due
-- ARGV: 1 its id, 2 the time that was found, 3 until when it is taken
-- Returns 1 when it is taken
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
