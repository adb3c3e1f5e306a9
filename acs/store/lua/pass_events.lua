-- Move the place up to which events went through the rules, unless somebody else has.
-- KEYS: 1 the place
-- ARGV: 1 what it was, 2 what it is now
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
