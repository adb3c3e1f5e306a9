-- Put new tasks down for a device that is known.
-- KEYS: 1 device, 2 open tasks
-- ARGV: 1 new stamp, then id and record of each task
-- Returns 1, or 0 when there is no such device
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[2], 'v', unpack(ARGV))
return 1
