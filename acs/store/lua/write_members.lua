-- Write what was decided on phones of one rollout, each only if its record is still what that was decided on,
-- and begin no more turns than there are places.
-- KEYS: 1 records, 2 counts, 3 phones that have their turn, 4 when to look at whom, 5 when to try whom again,
--   6 how many have their turn at each site
-- ARGV: 1 what the keys of the sets of outcomes begin with, 2 the most at once, 3 the most at a site (0 for any),
--   then for each phone
--   1 id, 2 the record it was decided on ('' for none), 3 the new one,
--   4 its field of the counts ('' for none), 5 the new field, 6 its outcome ('' for none), 7 the new one,
--   8 '1' where it has its turn, 9 '1' where it has it from now on, 10 its site, 11 when the turn ends,
--   12 when to look at it ('' for not), 13 the time that the present look was noted for ('' for none),
--   14 when to try it again ('' for not, '-' as it was), 15 failures in a row: '' as they were, '0' none, '1' one more,
--   16 seconds of a turn that ended ('' for none), 17 seconds of a check that ended, 18 '1' if waited for in vain
-- Returns for each: 1 written, 0 the record was another, 2 no place, 3 no place at its site
local most, most_at_site = tonumber(ARGV[2]), tonumber(ARGV[3])
local function place_for(site)
  if most > 0 and redis.call('ZCARD', KEYS[3]) >= most then
    return 2
  end
  if most_at_site > 0 and site ~= '' and tonumber(redis.call('HGET', KEYS[6], site) or 0) >= most_at_site then
    return 3
  end
  return 1
end
local function count(field, seconds)
  if seconds ~= '' then
    redis.call('HINCRBY', KEYS[2], field, 1)
    redis.call('HINCRBYFLOAT', KEYS[2], field .. '_seconds', seconds)
  end
end
local results = {}
for place = 3, #ARGV - 1, 18 do
  local id, was, now, site = ARGV[place + 1], ARGV[place + 2], ARGV[place + 3], ARGV[place + 10]
  local had, has = ARGV[place + 8] == '1', ARGV[place + 9] == '1'
  local result = 0
  if (redis.call('HGET', KEYS[1], id) or '') == was then
    result = has and not had and place_for(site) or 1
  end
  if result == 1 then
    redis.call('HSET', KEYS[1], id, now)
    local old_field, new_field = ARGV[place + 4], ARGV[place + 5]
    if old_field ~= new_field then
      if old_field ~= '' then
        redis.call('HINCRBY', KEYS[2], old_field, -1)
      end
      redis.call('HINCRBY', KEYS[2], new_field, 1)
    end
    local old, new = ARGV[place + 6], ARGV[place + 7]
    if old ~= new then
      if old ~= '' then
        redis.call('ZREM', ARGV[1] .. old, id)
      end
      redis.call('ZADD', ARGV[1] .. new, 0, id)
    end
    if has then
      redis.call('ZADD', KEYS[3], ARGV[place + 11], id)
      if not had and site ~= '' then
        redis.call('HINCRBY', KEYS[6], site, 1)
      end
    elseif had then
      redis.call('ZREM', KEYS[3], id)
      if site ~= '' and redis.call('HINCRBY', KEYS[6], site, -1) <= 0 then
        redis.call('HDEL', KEYS[6], site)
      end
    end
    -- a look that was noted since is left: something happened that this decision does not know
    local noted = redis.call('ZSCORE', KEYS[4], id)
    if not noted or tonumber(noted) == tonumber(ARGV[place + 13]) then
      if ARGV[place + 12] == '' then
        redis.call('ZREM', KEYS[4], id)
      else
        redis.call('ZADD', KEYS[4], ARGV[place + 12], id)
      end
    end
    if ARGV[place + 14] == '' then
      redis.call('ZREM', KEYS[5], id)
    elseif ARGV[place + 14] ~= '-' then
      redis.call('ZADD', KEYS[5], ARGV[place + 14], id)
    end
    if ARGV[place + 15] == '0' then
      redis.call('HSET', KEYS[2], 'row', 0)
    elseif ARGV[place + 15] == '1' then
      redis.call('HINCRBY', KEYS[2], 'row', 1)
    end
    count('turns', ARGV[place + 16])
    count('checks', ARGV[place + 17])
    if ARGV[place + 18] == '1' then
      redis.call('HINCRBY', KEYS[2], 'never', 1)
    end
  end
  results[#results + 1] = result
end
return results
