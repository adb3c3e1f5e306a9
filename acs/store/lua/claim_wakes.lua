-- Lease the phones of the wake queue that are due, within the pace of the whole fleet.
-- KEYS: 1 queue, 2 jobs, 3 under way, 4 when each was last sent one, 5 pace (a bucket of tokens and its time)
-- ARGV: 1 now, 2 most, 3 at once, 4 per second, 5 spacing in seconds, 6 lease in seconds
-- Returns {1 if there may be more at once, {id, job, ...}}
local now = tonumber(ARGV[1])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #due == 0 then
  return {0, {}}
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - tonumber(ARGV[5]))
local rate = tonumber(ARGV[4])
local bucket = redis.call('HMGET', KEYS[5], 'tokens', 'at')
local tokens = tonumber(bucket[1] or rate)
local passed = math.max(0, now - tonumber(bucket[2] or now))
tokens = math.min(rate, tokens + passed * rate)
local free = math.min(math.floor(tokens), tonumber(ARGV[3]) - redis.call('ZCARD', KEYS[3]))
local lease = now + tonumber(ARGV[6])
local claimed, taken = {}, 0
for _, id in ipairs(due) do
  if taken >= free then
    break
  end
  local job = redis.call('HGET', KEYS[2], id)
  local last = redis.call('ZSCORE', KEYS[4], id)
  if not job then
    redis.call('ZREM', KEYS[1], id)
  elseif last then
    redis.call('ZADD', KEYS[1], tonumber(last) + tonumber(ARGV[5]), id)
  else
    job = string.format('%04d', tonumber(string.sub(job, 1, 4)) + 1) .. string.sub(job, 5)
    redis.call('HSET', KEYS[2], id, job)
    redis.call('ZADD', KEYS[1], lease, id)
    redis.call('ZADD', KEYS[3], lease, id)
    redis.call('ZADD', KEYS[4], now, id)
    claimed[#claimed + 1] = id
    claimed[#claimed + 1] = job
    taken = taken + 1
  end
end
-- string: Redis would store a Lua number without its fraction in full
redis.call('HSET', KEYS[5], 'tokens', string.format('%.6f', tokens - taken), 'at', ARGV[1])
local more = 0
if #due == tonumber(ARGV[2]) and taken < free then
  more = 1
end
return {more, claimed}
