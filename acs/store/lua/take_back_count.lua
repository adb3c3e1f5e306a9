-- Count one less, where the window has not ended yet.
-- KEYS: 1 the count
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DECR', KEYS[1])
end
