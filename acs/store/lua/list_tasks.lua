-- All tasks of a device.
-- KEYS: 1 open tasks, 2 list of finished ids
-- ARGV: 1 what the keys of finished tasks begin with (same slot as KEYS)
-- Returns {open tasks as field, value, ..., finished records, newest first, without the expired ones}
local finished = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  local record = redis.call('GET', ARGV[1] .. id)
  if record then
    finished[#finished + 1] = record
  end
end
return {redis.call('HGETALL', KEYS[1]), finished}
