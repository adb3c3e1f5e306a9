-- Put a task down for a device that is known, unless it was put down before, however it ended.
-- KEYS: 1 device, 2 open tasks, 3 the task where it is finished
-- ARGV: 1 new stamp, 2 the most open tasks, 3 id and 4 record of the task
-- Returns 'created', 'exists', 'unknown' when there is no such device, or 'full'
if redis.call('EXISTS', KEYS[3]) == 1 or redis.call('HEXISTS', KEYS[2], ARGV[3]) == 1 then
  return 'exists'
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'unknown'
end
-- the stamp is a field of the hash, too
if redis.call('HLEN', KEYS[2]) > tonumber(ARGV[2]) then
  return 'full'
end
redis.call('HSET', KEYS[2], 'v', ARGV[1], ARGV[3], ARGV[4])
return 'created'
