-- An overdue phone was looked at: when to look again, unless it gave a sign of life meanwhile.
-- KEYS: 1 when to look, 2 missing
-- ARGV: 1 device key, 2 the time to look that was found, 3 the next one ('' for none),
--   4 when it became late ('' for a phone that is not missing)
-- Returns 1, or 0 when it was not to be looked at any more
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
if ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
end
return 1
