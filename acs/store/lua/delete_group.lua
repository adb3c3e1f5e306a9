-- Forget a group that has no members left, with its layer.
-- KEYS: 1 groups, 2 epoch, 3 layers by epoch, 4 members, 5 layer, 6 history of the layer
-- ARGV: 1 name, 2 name of its layer, 3 channel
-- Returns 1 forgotten, 0 there is none, -1 it has members
if redis.call('EXISTS', KEYS[4]) == 1 then
  return -1
end
redis.call('DEL', KEYS[5], KEYS[6])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
tell_change(KEYS[2], KEYS[3], ARGV[2], ARGV[3])
return 1
