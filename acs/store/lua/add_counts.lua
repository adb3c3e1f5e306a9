-- Adds to the counts of metrics, all of them or none.
-- KEYS: counts (hash)
-- ARGV: field, amount, field, amount, ...
for place = 1, #ARGV, 2 do
    redis.call('HINCRBYFLOAT', KEYS[1], ARGV[place], ARGV[place + 1])
end
return #ARGV / 2
