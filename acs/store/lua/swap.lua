-- Replace a value, if it is still what the new one was made from.
-- KEYS: 1 the value, 2 what must exist besides
-- ARGV: 1 the value that must be stored now ('' for none), 2 the new one
-- Returns 1 replaced; 0 another value is stored; -1 what must exist does not
if redis.call('EXISTS', KEYS[2]) == 0 then
  return -1
end
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
