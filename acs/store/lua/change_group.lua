-- Replace the record of a group, if it is still what the new one was made from.
-- KEYS: 1 groups, 2 epoch, 3 layers by epoch
-- ARGV: 1 name, 2 the record that must be stored now, 3 the new one, 4 name of its layer, 5 channel
-- Returns 1 replaced, 0 another is stored or none
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
tell_change(KEYS[2], KEYS[3], ARGV[4], ARGV[5])
return 1
