-- Write the layer of one phone, if nobody was quicker.
-- KEYS: 1 what must exist (the device, or the record of an awaited phone), 2 layer, 3 history
-- ARGV: as put_layer
-- Returns 1 written; 0 another version is stored; -1 there is no such phone
if redis.call('EXISTS', KEYS[1]) == 0 then
  return -1
end
return put_layer(KEYS[2], KEYS[3], 1)
