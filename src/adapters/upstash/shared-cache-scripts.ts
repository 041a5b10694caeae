/*
 * Scripts of the shared cache, loaded when the first one is run. They run on Redis' Lua 5.1 and on
 * the 5.3 of a Redis in memory alike, where TYPE answers a text instead of a table, and GET of an
 * empty text answers false.
 */

/**
 * Counters: KEYS that hold no count (`isCount`) are made one, ARGV[1]; what is not there becomes 0.
 * How many held something else.
 */
export const MEND_COUNTERS = `
local mended = 0
for _, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key)
  if type(kind) == 'table' then kind = kind.ok end
  local text = ''
  if kind == 'string' then text = redis.call('GET', key) or '' end
  if kind == 'none' then
    redis.call('SET', key, '0')
  elseif text ~= '0' and (#text > 15 or not string.match(text, '^[1-9]%d*$')) then
    redis.call('SET', key, ARGV[1])
    mended = mended + 1
  end
end
return mended`;

/**
 * ARGV[1] for ARGV[2] milliseconds at KEYS[1] where that is not there, or holds the text ARGV[3].
 * Nothing where it was written, else what stands there.
 */
export const EXCHANGE = `
local found = redis.call('GET', KEYS[1]) or ''
local isThere = tonumber(redis.call('EXISTS', KEYS[1])) == 1
if isThere and found ~= ARGV[3] then return {found} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {}`;
