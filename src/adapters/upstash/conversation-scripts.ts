/**
 * A conversation is two keys that expire together: a list of its events' headers, and a hash
 * of the events by their place from 1, and of what idempotency keys appended. A header is
 * lines: 1 or 0 for valid or not, category, resource, scene.
 */

/**
 * KEYS: the hash, the list. ARGV: the field of the idempotency key or `-`, the request's digest,
 * the most events, milliseconds to keep, then a header and an event each.
 */
export const APPEND = `
local before = false
if ARGV[1] ~= '-' then before = redis.call('HGET', KEYS[1], ARGV[1]) end
local total = redis.call('LLEN', KEYS[2])
if before then
  local request, first, last = string.match(before, '^(%x+) (%d+) (%d+)$')
  if request ~= ARGV[2] then return { 'key_reused', '0' } end
  local out = { 'repeated', string.format('%.0f', total) }
  for place = tonumber(first), tonumber(last) do
    out[#out + 1] = redis.call('HGET', KEYS[1], string.format('%.0f', place)) or ''
  end
  return out
end
local count = (#ARGV - 4) / 2
if total + count > tonumber(ARGV[3]) then
  return { 'full', string.format('%.0f', total) }
end
for i = 1, count do
  redis.call('RPUSH', KEYS[2], ARGV[3 + 2 * i])
  redis.call('HSET', KEYS[1], string.format('%.0f', total + i), ARGV[4 + 2 * i])
end
if ARGV[1] ~= '-' then
  local places = string.format('%.0f %.0f', total + 1, total + count)
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. places)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return { 'appended', string.format('%.0f', total + count) }`;

/**
 * KEYS as above. ARGV: category, resource and scene, each after a mark or `*` for any; the place
 * where the page before ended or 0; the limit; the bytes after which a page ends; `latest` or `all`.
 * Answers the place of the last one when more follow, else 0; how many there are in all; the events.
 */
export const READ = `
local total = redis.call('LLEN', KEYS[2])
local cursor, limit, most = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local latest = ARGV[7] == 'latest'
local out = { '0', string.format('%.0f', total) }
local seen, bytes, last = {}, 0, 0
local function fits(given, wanted) return wanted == '*' or '=' .. given == wanted end
-- True once the page is full and another one would follow.
local function take(header, place)
  local valid, category, resource, scene =
    string.match(header, '^([01])\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)$')
  if not (fits(category, ARGV[1]) and fits(resource, ARGV[2]) and fits(scene, ARGV[3])) then
    return false
  end
  if latest then
    local pair = category .. '\\n' .. resource
    if valid == '0' or seen[pair] then return false end
    seen[pair] = true
    if cursor > 0 and place >= cursor then return false end
  end
  if #out - 2 >= limit or bytes >= most then
    out[1] = string.format('%.0f', last)
    return true
  end
  local text = redis.call('HGET', KEYS[1], string.format('%.0f', place)) or ''
  out[#out + 1] = text
  bytes = bytes + #text
  last = place
  return false
end
local step = 500
if latest then
  for stop = total, 1, -step do
    local start = math.max(1, stop - step + 1)
    local headers = redis.call('LRANGE', KEYS[2], start - 1, stop - 1)
    for i = #headers, 1, -1 do
      if take(headers[i], start + i - 1) then return out end
    end
  end
else
  for start = cursor + 1, total, step do
    local headers = redis.call('LRANGE', KEYS[2], start - 1, start + step - 2)
    for i = 1, #headers do
      if take(headers[i], start + i - 1) then return out end
    end
  end
end
return out`;
