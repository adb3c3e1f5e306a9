-- Forget a stored file's name.
-- KEYS: 1 index of names, 2 the record, 3 contents by sha256
-- ARGV: 1 name
-- Returns nil when there is none, else as put_file.lua
local old = redis.call('GET', KEYS[2])
if not old then
  return false
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
local sha = string.sub(old, 1, 64)
local left = redis.call('HINCRBY', KEYS[3], sha, -1)
if left <= 0 then
  redis.call('HDEL', KEYS[3], sha)
end
return {old, left <= 0 and 1 or 0}
