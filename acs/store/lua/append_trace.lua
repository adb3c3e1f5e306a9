-- Add a message to a recorded session: whole while there is room for its body, else without it.
-- KEYS: 1 recorded sessions by id, with the bytes of each, 2 the messages of this one
-- ARGV: 1 its id, 2 the field of its bytes, 3 the message, 4 the message without its body, 5 bytes of the body,
--       6 most bytes, 7 most messages
-- Returns 1 kept whole, 0 kept without its body or not at all
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 or redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
if redis.call('LLEN', KEYS[2]) > tonumber(ARGV[7]) then
  return 0
end
local bytes = tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or '0') + tonumber(ARGV[5])
if bytes > tonumber(ARGV[6]) then
  redis.call('RPUSH', KEYS[2], ARGV[4])
  return 0
end
redis.call('HSET', KEYS[1], ARGV[2], bytes)
redis.call('RPUSH', KEYS[2], ARGV[3])
return 1
