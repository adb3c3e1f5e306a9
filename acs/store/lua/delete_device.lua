-- Forget all that is kept of a device.
-- KEYS: 1 list of finished task ids, 2 hash of recorded sessions, then every other key of the device
-- ARGV: 1 what the keys of finished tasks begin with, 2 those of recorded sessions (same slot as KEYS)
-- Returns how many keys were there
local count = 0
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  count = count + redis.call('DEL', ARGV[1] .. id)
end
for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
  redis.call('DEL', ARGV[2] .. id)
end
return count + redis.call('DEL', unpack(KEYS))
