-- Put new tasks down for a device that is known, unless it has too many.
-- KEYS: 1 device, 2 open tasks
-- ARGV: 1 new stamp, 2 the most open tasks, then id and record of each task
-- Returns 'created', 'unknown' when there is no such device, or 'full'
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'unknown'
end
-- the stamp is a field of the hash, too
if redis.call('HLEN', KEYS[2]) - 1 + (#ARGV - 2) / 2 > tonumber(ARGV[2]) then
  return 'full'
end
redis.call('HSET', KEYS[2], 'v', ARGV[1], unpack(ARGV, 3))
return 'created'
