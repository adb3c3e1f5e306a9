-- Write what one step of a session decided: all of it, or nothing when the session or its tasks are not what the
-- decision was made on.
-- KEYS: 1 session, 2 device, 3 learning, 4 tree, 5 timeline, 6... as write_tasks
-- ARGV: 1 sid and seq that must be stored now, 2 the stamp that the tasks must have,
--   3 the new session ('' ends it), 4 its life in seconds,
--   5 device ('' leaves it), 6 learning ('' leaves it, '-' drops it), 7 tree ('' leaves it),
--   8 cap of the timeline, 9 number of timeline entries N, then the entries, oldest first,
--   10+N 1 if tasks are to be written, then as write_tasks
-- Returns {0} superseded; {1, stamp} written; {2, stamp, open tasks} the tasks have changed
if redis.call('GETRANGE', KEYS[1], 0, 39) ~= ARGV[1] then
  return {0}
end
local stamp = redis.call('HGET', KEYS[6], 'v') or ''
if stamp ~= ARGV[2] then
  return {2, stamp, redis.call('HGETALL', KEYS[6])}
end
if ARGV[3] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
end
if ARGV[5] ~= '' then
  redis.call('SET', KEYS[2], ARGV[5])
end
if ARGV[6] == '-' then
  redis.call('DEL', KEYS[3])
elseif ARGV[6] ~= '' then
  redis.call('SET', KEYS[3], ARGV[6])
end
if ARGV[7] ~= '' then
  redis.call('SET', KEYS[4], ARGV[7])
end
local entries = tonumber(ARGV[9])
if entries > 0 then
  for place = 10, 9 + entries do
    redis.call('LPUSH', KEYS[5], ARGV[place])
  end
  redis.call('LTRIM', KEYS[5], 0, ARGV[8] - 1)
end
if ARGV[10 + entries] == '1' then
  stamp = write_tasks(6, 11 + entries)
end
return {1, stamp}
