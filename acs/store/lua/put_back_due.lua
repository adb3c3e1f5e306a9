-- Say when something that was taken is due next, unless it became due meanwhile.
-- KEYS: 1 what is due when
-- ARGV: 1 name, 2 until when it was taken, 3 when it is due next ('' for never)
-- Returns 1, or 0 where it became due
local noted = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not noted or tonumber(noted) ~= tonumber(ARGV[2]) then
  return 0
end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
end
return 1
