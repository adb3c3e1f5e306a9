-- A new session takes the place of whatever session the device had: a new Inform wins.
-- KEYS: 1 session, 2 device, 3 notes, 4 learning, 5 open tasks, 6 layer
-- ARGV: 1 the new session, 2 its life in seconds
-- Returns {previous session or nil, {device, notes, learning, layer}, open tasks as field, value, ...}
local previous = redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'GET')
return {previous, redis.call('MGET', KEYS[2], KEYS[3], KEYS[4], KEYS[6]), redis.call('HGETALL', KEYS[5])}
