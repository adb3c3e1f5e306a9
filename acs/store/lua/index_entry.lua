-- Put one phone into the sets of the index that its entry names, and out of those that its last one named; and its
-- two entries in small letters into the texts that words are looked for in.
-- KEYS: 1 entries by device id, 2 the phones' other entries (of notes where 1 is of records, and the other way round),
--   3 texts: members are a device id, the separator of parts, the text
-- ARGV: 1 device id, 2 entry ('' forgets it), 3 what the keys of sets begin with, 4 what the keys of the lists of
--   sets begin with (both in the slot of KEYS), 5 separator of an entry's three parts, 6 separator of the names of
--   sets, which are its second part; a name's first letter says which list it is on, 7 '1' where KEYS 1 is of notes,
--   8 what ends a text that small letters may not be enough for
-- Returns 1 if anything changed
local function sets_of(entry)
  local found = {}
  if entry then
    local first = string.find(entry, ARGV[5], 1, true)
    local second = string.find(entry, ARGV[5], first + 1, true)
    for name in string.gmatch(string.sub(entry, first + 1, second - 1), '[^' .. ARGV[6] .. ']+') do
      found[name] = true
    end
  end
  return found
end
local function text_of(record, notes)
  if not record then
    return false
  end
  local text = string.lower(ARGV[1] .. ARGV[5] .. record .. ARGV[5] .. (notes or ''))
  if string.find(text, '[\128-\255]') or string.find(ARGV[1], '%', 1, true) then
    text = text .. ARGV[8]
  end
  return ARGV[1] .. ARGV[5] .. text
end
local before = redis.call('HGET', KEYS[1], ARGV[1])
local after = ARGV[2] ~= '' and ARGV[2]
if before == after then
  return 0
end
local old, new = sets_of(before), sets_of(after)
for name in pairs(new) do
  if not old[name] then
    redis.call('ZADD', ARGV[3] .. name, 0, ARGV[1])
    redis.call('SADD', ARGV[4] .. string.sub(name, 1, 1), name)
  end
end
for name in pairs(old) do
  if not new[name] then
    redis.call('ZREM', ARGV[3] .. name, ARGV[1])
    if redis.call('EXISTS', ARGV[3] .. name) == 0 then
      redis.call('SREM', ARGV[4] .. string.sub(name, 1, 1), name)
    end
  end
end
local other = redis.call('HGET', KEYS[2], ARGV[1])
local was, becomes
if ARGV[7] == '1' then
  was, becomes = text_of(other, before), text_of(other, after)
else
  was, becomes = text_of(before, other), text_of(after, other)
end
if was ~= becomes then
  if was then
    redis.call('ZREM', KEYS[3], was)
  end
  if becomes then
    redis.call('ZADD', KEYS[3], 0, becomes)
  end
end
if after then
  redis.call('HSET', KEYS[1], ARGV[1], after)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
