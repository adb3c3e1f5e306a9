-- Fragment: a function for the scripts that change what many phones share.
--
-- tell_change(epoch, index, name, channel): count the epoch up, note that the layer of this name changed with it,
-- and tell every process that listens.
local function tell_change(epoch, index, name, channel)
  local now = redis.call('INCR', epoch)
  redis.call('ZADD', index, now, name)
  redis.call('PUBLISH', channel, now)
end
