-- Put entries on a list, newest first, and keep no more than the cap.
-- KEYS: 1 the list
-- ARGV: 1 cap, then the entries, oldest first
for place = 2, #ARGV do
  redis.call('LPUSH', KEYS[1], ARGV[place])
end
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
