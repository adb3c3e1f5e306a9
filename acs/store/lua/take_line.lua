-- Take room for some bytes on a line that carries so many in a second. Whoever asks first goes first.
-- KEYS: 1 when the line is free again, microseconds since the epoch
-- ARGV: 1 bytes, 2 bytes a second, 3 microseconds that a late asker may make up for
-- Returns the microseconds until these bytes may go
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now - ARGV[3])
local after = free + math.ceil(ARGV[1] * 1000000 / ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 60000)
return math.max(0, free - now)
