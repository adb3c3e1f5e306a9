-- Make a group, unless there is one of its name.
-- KEYS: 1 groups, 2 epoch, 3 layers by epoch
-- ARGV: 1 name, 2 record, 3 name of its layer, 4 channel
-- Returns 1 made, 0 there is one
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
tell_change(KEYS[2], KEYS[3], ARGV[3], ARGV[4])
return 1
