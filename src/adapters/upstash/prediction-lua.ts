/** Lua that several scripts of the prediction store begin with. */

/**
 * Puts new records on an entity that was finished among those to be told, in the same step that
 * keeps them, unless the walk through the entity's ids is still to meet them.
 */
export const WAIT = `
local function isAhead(entity, at, id)
  local walkAt = redis.call('HGET', entity .. '#settle', 'walkAt')
  if not walkAt or walkAt == 'inf' then return walkAt == 'inf' end
  -- By their ranks: Lua compares texts by the server's locale, sorted sets do by bytes.
  local last = redis.call('ZREVRANK', entity, redis.call('HGET', entity .. '#settle', 'walkId'))
  if last then return redis.call('ZREVRANK', entity, id) > last end
  return tonumber(at) < tonumber(walkAt)
end
local function wait(entity, records, queue, now)
  if redis.call('EXISTS', entity .. '#settle') == 0 then return end
  for i = 1, #records, 2 do
    if not isAhead(entity, records[i], records[i + 1]) then
      redis.call('ZADD', entity .. '#todo', records[i], records[i + 1])
    end
  end
  for _, key in ipairs({entity .. '#todo', entity .. '#settle'}) do
    if redis.call('PTTL', key) < tonumber(records.ttl) then redis.call('PEXPIRE', key, records.ttl) end
  end
  if not redis.call('ZSCORE', queue, entity) then redis.call('ZADD', queue, now, entity) end
end`;

/**
 * Adds to counters, and takes out of them what the outcome of a record had added: first all in one
 * sum for each, as many outcomes move the same ones; `move` is the last step.
 */
export const COUNT = `
local unpack = unpack or table.unpack
local sums = {}
local function count(acc, name, by)
  if not sums[acc] then sums[acc] = {} end
  -- A Redis in memory has whole numbers of 32 bits only.
  sums[acc][name] = (sums[acc][name] or 0.0) + by
end
local function countIn(acc, fields, first, counters)
  for i = first, first + 2 * counters - 2, 2 do
    count(acc, ARGV[i], tonumber(ARGV[i + 1]))
    table.insert(fields, 'c:' .. ARGV[i])
    table.insert(fields, ARGV[i + 1])
  end
end
local function takeOut(rec, acc)
  local all, old = redis.call('HGETALL', rec), {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'c:' then
      count(acc, string.sub(all[i], 3), -tonumber(all[i + 1]))
      table.insert(old, all[i])
    end
  end
  if #old > 0 then redis.call('HDEL', rec, unpack(old)) end
end
local function move()
  for acc, of in pairs(sums) do
    for name, by in pairs(of) do
      if by ~= 0 and redis.call('HINCRBY', acc, name, string.format('%.0f', by)) == 0 then
        redis.call('HDEL', acc, name)
      end
    end
  end
end`;
