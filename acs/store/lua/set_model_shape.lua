-- Make a shape the one that a model's trees are stored against, unless another became that meanwhile.
-- KEYS: 1 the model's pointer to its shape
-- ARGV: 1 the pointer that must be stored now ('' for none), 2 the new one
-- Returns the pointer that is stored now
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then
  return stored
end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]
