-- Make the first user for whoever shows a set-up link; all links are void from then on.
-- KEYS: 1 users, 2 set-up links
-- ARGV: 1 digest of the link, 2 now, 3 name, 4 the record
-- Returns 1 when it was made, 0 for a link that is unknown or too old, -1 when there are users
if redis.call('HLEN', KEYS[1]) > 0 then
  return -1
end
local ends = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not ends or tonumber(ends) <= tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
redis.call('DEL', KEYS[2])
return 1
