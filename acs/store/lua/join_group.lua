-- Put a phone on the list of a group's members, if there is such a group.
-- KEYS: 1 groups, 2 members
-- ARGV: 1 name of the group, 2 the member
-- Returns 1 it is on the list now, 0 there is no such group
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[2], 0, ARGV[2])
return 1
