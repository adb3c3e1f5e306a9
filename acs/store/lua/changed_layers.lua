-- The shared layers that changed since an epoch, with their groups.
-- KEYS: 1 epoch, 2 layers by epoch, 3 groups
-- ARGV: 1 the epoch that is known, 2 what the keys of layers begin with (same slot as KEYS), 3 what the names of
--   groups' layers begin with
-- Returns {epoch now, 1 if what is known must be forgotten (Redis was emptied), {name, layer, group, ...}}, nil for
-- what is not there (any more)
local now = tonumber(redis.call('GET', KEYS[1]) or '0')
local known = tonumber(ARGV[1])
local from = known > now and '-inf' or '(' .. ARGV[1]
local found = {}
if known ~= now then
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], from, '+inf')) do
    found[#found + 1] = name
    found[#found + 1] = redis.call('GET', ARGV[2] .. name)
    local group = false
    if string.sub(name, 1, #ARGV[3]) == ARGV[3] then
      group = redis.call('HGET', KEYS[3], string.sub(name, #ARGV[3] + 1))
    end
    found[#found + 1] = group
  end
end
return {now, known > now and 1 or 0, found}
