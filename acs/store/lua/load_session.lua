-- What a server process needs to go on with a session that another one began.
-- KEYS: 1 session, 2 device, 3 notes, 4 learning, 5 open tasks, 6 layer
-- Returns nil when there is no session, else as open_session.lua, with this session in the first place
local session = redis.call('GET', KEYS[1])
if not session then
  return false
end
return {session, redis.call('MGET', KEYS[2], KEYS[3], KEYS[4], KEYS[6]), redis.call('HGETALL', KEYS[5])}
