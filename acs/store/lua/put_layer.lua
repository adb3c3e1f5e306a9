-- Fragment: a function for the scripts that write a layer of configuration.
--
-- put_layer(layer, history, at_arg): the two KEYS, and ARGV from at_arg on are
--   the version that must be stored now as 8 digits (zeros for none),
--   the new layer (8 digits of version, then the record), the entry of its history, cap of the history.
-- Returns 1 when written, 0 when another version is stored.
local function put_layer(layer, history, at_arg)
  local stored = redis.call('GETRANGE', layer, 0, 7)
  if (stored == '' and '00000000' or stored) ~= ARGV[at_arg] then
    return 0
  end
  redis.call('SET', layer, ARGV[at_arg + 1])
  redis.call('LPUSH', history, ARGV[at_arg + 2])
  redis.call('LTRIM', history, 0, ARGV[at_arg + 3] - 1)
  return 1
end
