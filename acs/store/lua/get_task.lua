-- One task, wherever it is.
-- KEYS: 1 open tasks, 2 the finished task
-- ARGV: 1 task id
-- Returns {stamp of the open tasks, open record or nil, finished record or nil}
local open = redis.call('HMGET', KEYS[1], 'v', ARGV[1])
return {open[1], open[2], redis.call('GET', KEYS[2])}
