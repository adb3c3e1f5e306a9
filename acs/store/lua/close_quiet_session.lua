-- The end of a session that has nothing to tell but its device's record: the most frequent step of all.
-- KEYS: 1 session, 2 open tasks, 3 device
-- ARGV: 1 sid and seq that must be stored now, 2 the stamp that the tasks must have, 3 device ('' leaves it)
-- Returns as save_session.lua
if redis.call('GETRANGE', KEYS[1], 0, 39) ~= ARGV[1] then
  return {0}
end
local stamp = redis.call('HGET', KEYS[2], 'v') or ''
if stamp ~= ARGV[2] then
  return {2, stamp, redis.call('HGETALL', KEYS[2])}
end
redis.call('DEL', KEYS[1])
if ARGV[3] ~= '' then
  redis.call('SET', KEYS[3], ARGV[3])
end
return {1, stamp}
