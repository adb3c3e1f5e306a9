-- The phones behind an id in whose texts all of some words stand, as far as small letters tell.
-- KEYS: 1 texts (see index_entry.lua)
-- ARGV: 1 the id ('' for the beginning), 2 how many texts to look at, 3 how many phones are enough, 4 separator
--   behind a text's id, 5 the character behind that one, 6 what ends a text that may have any word, 7 separator of
--   spellings; from 8 on words, each in all its spellings
-- Returns the last id that was looked at, '' at the end of all, then the ids
local start = ARGV[1] == '' and '-' or '(' .. ARGV[1] .. ARGV[5]
local texts = redis.call('ZRANGEBYLEX', KEYS[1], start, '+', 'LIMIT', 0, ARGV[2])
local words = {}
for number = 8, #ARGV do
  local spellings = {}
  for spelling in string.gmatch(ARGV[number], '[^' .. ARGV[7] .. ']+') do
    spellings[#spellings + 1] = spelling
  end
  words[#words + 1] = spellings
end
local find, found, enough = string.find, {''}, tonumber(ARGV[3])
local function id_of(text)
  return string.sub(text, 1, find(text, ARGV[4], 1, true) - 1)
end
for _, text in ipairs(texts) do
  local all = true
  for _, spellings in ipairs(words) do
    local one = false
    for _, spelling in ipairs(spellings) do
      if find(text, spelling, 1, true) then
        one = true
        break
      end
    end
    if not one then
      all = find(text, ARGV[6], 1, true)
      break
    end
  end
  if all then
    found[#found + 1] = id_of(text)
    if #found > enough then
      found[1] = found[#found]
      return found
    end
  end
end
if #texts == tonumber(ARGV[2]) then
  found[1] = id_of(texts[#texts])
end
return found
