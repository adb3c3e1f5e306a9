-- Write a rollout's record over the version that the change was made on.
-- KEYS: 1 record
-- ARGV: 1 the 8 digits of the version that must be stored ('' for none), 2 the new record
-- Returns 1, or 0 where another version is stored
if (redis.call('GETRANGE', KEYS[1], 0, 7) or '') ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
