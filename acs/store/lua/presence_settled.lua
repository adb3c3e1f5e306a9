-- A phone that was missing is known to be back.
-- KEYS: 1 missing, 2 back
-- ARGV: 1 device key, 2 the time of the sign of life that was found
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
if score and tonumber(score) == tonumber(ARGV[2]) then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
end
