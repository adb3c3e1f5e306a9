-- Change a device's tasks from outside a session, if they are still what the change was decided on.
-- KEYS: 1... as write_tasks
-- ARGV: 1 the stamp that the tasks must have, 2... as write_tasks
-- Returns {1, stamp} written; {2, stamp, open tasks} they have changed
local stamp = redis.call('HGET', KEYS[1], 'v') or ''
if stamp ~= ARGV[1] then
  return {2, stamp, redis.call('HGETALL', KEYS[1])}
end
return {1, write_tasks(1, 2)}
