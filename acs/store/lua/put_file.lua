-- Record a stored file under its name; a file that had the name before gives it up.
-- KEYS: 1 index of names, 2 the record, 3 contents by sha256
-- ARGV: 1 name, 2 sha256, 3 the record
-- Returns the record that was replaced or nil, with 1 behind it when its content is used by no name any more
local old = redis.call('GETSET', KEYS[2], ARGV[2] .. ARGV[3])
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('HINCRBY', KEYS[3], ARGV[2], 1)
if not old then
  return false
end
local sha = string.sub(old, 1, 64)
local left = redis.call('HINCRBY', KEYS[3], sha, -1)
if left <= 0 then
  redis.call('HDEL', KEYS[3], sha)
end
return {old, left <= 0 and 1 or 0}
