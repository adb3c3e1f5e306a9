-- Forget which device has a MAC address, if it is still this one.
-- KEYS: 1 devices by MAC address
-- ARGV: 1 MAC address, 2 device id
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
