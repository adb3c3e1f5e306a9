-- A phone gave a sign of life; that matters where it is missing.
-- KEYS: 1 missing, 2 back
-- ARGV: 1 device key, 2 when
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1])
end
