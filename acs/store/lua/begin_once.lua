-- Begin what is to be done once, or tell what is known of it.
-- KEYS: 1 the record
-- ARGV: 1 the record of a beginning, 2 seconds after which a beginning without an end is forgotten
-- Returns false when it may begin, else the record that is there
local known = redis.call('GET', KEYS[1])
if known then
  return known
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return false
