-- Write a layer that many phones share, if nobody was quicker, and tell all processes.
-- KEYS: 1 layer, 2 history, 3 epoch, 4 layers by epoch, 5 groups
-- ARGV: 1 name of the layer, 2 the group whose layer it is ('' for none), 3 channel, 4... as put_layer
-- Returns 1 written; 0 another version is stored; -1 there is no such group
if ARGV[2] ~= '' and redis.call('HEXISTS', KEYS[5], ARGV[2]) == 0 then
  return -1
end
local written = put_layer(KEYS[1], KEYS[2], 4)
if written == 1 then
  tell_change(KEYS[3], KEYS[4], ARGV[1], ARGV[3])
end
return written
