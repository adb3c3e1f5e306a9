-- Write a model's profile if nobody wrote a newer one meanwhile.
-- KEYS: 1 profile (8 digits of version, then the record)
-- ARGV: 1 the version that must be stored now, 8 digits, zeros for none; 2 the new value
-- Returns 1 when written, else the value that is stored
local stored = redis.call('GET', KEYS[1])
if (stored and string.sub(stored, 1, 8) or '00000000') ~= ARGV[1] then
  return stored
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
