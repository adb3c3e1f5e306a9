-- Give a phone what was kept for it before it was seen.
-- KEYS: 1 notes, 2 layer, 3 history of the layer
-- ARGV: 1 notes, 2 layer ('' for none), then the entries of its history, oldest first
-- A layer that the phone has already stays. Returns the layer that is stored now, nil for none
redis.call('SET', KEYS[1], ARGV[1])
if ARGV[2] ~= '' and redis.call('SETNX', KEYS[2], ARGV[2]) == 1 then
  redis.call('DEL', KEYS[3])
  for place = 3, #ARGV do
    redis.call('LPUSH', KEYS[3], ARGV[place])
  end
end
return redis.call('GET', KEYS[2])
