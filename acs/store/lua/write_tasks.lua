-- Fragment: a function for the scripts that write tasks.
--
-- write_tasks(at_key, at_arg): KEYS from at_key on are
--   open tasks hash, list of finished ids, then one key for each finished task;
-- ARGV from at_arg on are
--   new stamp, life of a finished task in seconds, cap of the list of finished ids,
--   number of open tasks, then id and record of each open task, then id and record of each finished one.
-- Returns the stamp that the tasks have now; '' when none is open (the hash is gone then).
local function write_tasks(at_key, at_arg)
  local hash, finished = KEYS[at_key], KEYS[at_key + 1]
  local stamp, life, cap = ARGV[at_arg], ARGV[at_arg + 1], ARGV[at_arg + 2]
  local place = at_arg + 4
  for _ = 1, tonumber(ARGV[at_arg + 3]) do
    redis.call('HSET', hash, ARGV[place], ARGV[place + 1])
    place = place + 2
  end
  for at = at_key + 2, #KEYS do
    redis.call('HDEL', hash, ARGV[place])
    if not redis.call('SET', KEYS[at], ARGV[place + 1], 'EX', life, 'GET') then
      redis.call('LPUSH', finished, ARGV[place])
    end
    place = place + 2
  end
  if #KEYS >= at_key + 2 then
    redis.call('LTRIM', finished, 0, cap - 1)
    if redis.call('HLEN', hash) == redis.call('HEXISTS', hash, 'v') then
      redis.call('DEL', hash)
      return ''
    end
  end
  redis.call('HSET', hash, 'v', stamp)
  return stamp
end
