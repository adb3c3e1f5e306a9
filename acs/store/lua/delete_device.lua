-- Forget all that is kept of a device.
-- KEYS: 1 list of finished task ids, then every other key of the device
-- ARGV: 1 what the keys of finished tasks begin with (same slot as KEYS)
-- Returns how many keys were there
local count = 0
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  count = count + redis.call('DEL', ARGV[1] .. id)
end
return count + redis.call('DEL', unpack(KEYS))
