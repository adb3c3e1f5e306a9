-- Keep each of these secrets unless one of its name is there already: the first server to start decides.
-- KEYS: 1 secrets
-- ARGV: name and value of each
-- Returns the values that hold now, in the order given
local names = {}
for place = 1, #ARGV, 2 do
  redis.call('HSETNX', KEYS[1], ARGV[place], ARGV[place + 1])
  names[#names + 1] = ARGV[place]
end
return redis.call('HMGET', KEYS[1], unpack(names))
