/*
 * Scripts that bring what became of entities to the predictions on them. Keys beside those of the
 * prediction store, of an entity whose ids are at `recs:entity:{type}:{id}`, each with a `#`, which
 * no id has: `…#todo` ids that are to be looked at next, by their time · `…#held` ids that could
 * not be settled, 1 for a conflict, 2 for an outcome that is none of theirs · `…#settle` hash of
 * `rev` and `value` of the entity, `round` the revision at which it began, `done` how many have its
 * outcome, `walkAt` and `walkId` the last of the entity's ids, newest first, that came into `#todo`:
 * they come by the page, so that no step takes longer the more there are; `walkAt` is `inf` before
 * the first. `recs:unsettled`: the first of these keys, by when there was something to settle.
 */
import { COUNT } from "./prediction-lua.ts";

/** Records wait in an isolate before they are written: so long a finishing is remembered without any. */
const REMEMBERED_MS = 600_000;

/** A page of records: what comes at once stays far below what one answer may be. */
const PAGE_MAX_BYTES = 400_000;

/** What every script of one entity begins with. */
const OF_ENTITY = `
local unpack = unpack or table.unpack
local entity, queue = KEYS[1], KEYS[2]
local todo, held, state = entity .. '#todo', entity .. '#held', entity .. '#settle'
local function rest()
  local at = redis.call('HGET', state, 'walkAt')
  -- Earlier programs had no walk: all ids came at once.
  if not at then return 0, 0 end
  local all, from = redis.call('ZCARD', entity), 0
  if at ~= 'inf' then
    local last = redis.call('ZREVRANK', entity, redis.call('HGET', state, 'walkId'))
    if last then from = last + 1 else from = redis.call('ZCOUNT', entity, at, '+inf') end
  end
  return from, all - from
end
local function pending()
  local _, ahead = rest()
  return redis.call('ZCARD', todo) + ahead
end
local function walk(limit)
  local missing = limit - redis.call('ZCARD', todo)
  local from, ahead = rest()
  if missing <= 0 or ahead <= 0 then return end
  local first, last = string.format('%.0f', from), string.format('%.0f', from + missing - 1)
  local met, more = redis.call('ZREVRANGE', entity, first, last, 'WITHSCORES'), {}
  for i = 1, #met, 2 do
    table.insert(more, met[i + 1])
    table.insert(more, met[i])
  end
  redis.call('ZADD', todo, unpack(more))
  redis.call('HSET', state, 'walkAt', met[#met], 'walkId', met[#met - 1])
end
local function remember()
  local left = math.max(redis.call('PTTL', entity), ${REMEMBERED_MS})
  for _, key in ipairs({todo, held, state}) do
    if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, string.format('%.0f', left)) end
  end
end
local function total(out)
  table.insert(out, redis.call('HGET', state, 'done') or '0')
  table.insert(out, tostring(redis.call('ZCOUNT', held, '1', '1')))
  table.insert(out, tostring(redis.call('ZCOUNT', held, '2', '2')))
  table.insert(out, tostring(pending()))
end
local function page(out, limit, records)
  if limit < 1 then return end
  local bytes = 0
  for _, id in ipairs(redis.call('ZREVRANGE', todo, '0', string.format('%.0f', limit - 1))) do
    local doc = redis.call('HGET', records .. id, 'doc') or ''
    bytes = bytes + #doc
    if bytes > ${PAGE_MAX_BYTES} and bytes > #doc then return end
    table.insert(out, id)
    table.insert(out, doc)
  end
end`;

/**
 * KEYS: ids on the entity, the unsettled. ARGV: revision, value, limit, now, `1` to look once more
 * at what was held, what keys of records begin with. Answers the round, or `-` for one that is late;
 * the totals; of each that is next its id and its record, empty where that has expired.
 */
export const NEXT = `
${OF_ENTITY}
local rev, value = redis.call('HGET', state, 'rev'), redis.call('HGET', state, 'value')
local limit, out = tonumber(ARGV[3]), {'-'}
if rev and tonumber(rev) > tonumber(ARGV[1]) then
  total(out)
  return out
end
if value ~= ARGV[2] then
  redis.call('UNLINK', todo, held)
  redis.call('HDEL', state, 'walkId')
  redis.call('HSET', state, 'value', ARGV[2], 'round', ARGV[1], 'done', '0', 'walkAt', 'inf')
elseif ARGV[5] == '1' and pending() == 0 and redis.call('ZCARD', held) > 0 then
  redis.call('RENAME', held, todo)
end
redis.call('HSET', state, 'rev', ARGV[1])
walk(limit)
remember()
if pending() == 0 then redis.call('ZREM', queue, entity)
elseif not redis.call('ZSCORE', queue, entity) then redis.call('ZADD', queue, ARGV[4], entity) end
out[1] = redis.call('HGET', state, 'round')
total(out)
page(out, limit, ARGV[6])
return out`;

/**
 * KEYS: ids on the entity, the unsettled, unarchived; then of each the record and its counters.
 * ARGV: round, now, limit, what keys of records begin with; then of each id, what it is, value, its
 * time, number of counters, name and value of each. Answers `1` or, for a round that is over, `0`;
 * how many were changed; the totals; of each that is next its id and its record.
 */
export const SETTLE = `
${OF_ENTITY}
${COUNT}
local isCurrent, changed, a = '0', 0, 4
local function change(rec, acc, id, old)
  if old then takeOut(rec, acc) end
  redis.call('HINCRBY', rec, 'rev', '1')
  redis.call('ZADD', KEYS[3], ARGV[2], id)
  changed = changed + 1
end
local function settle(rec, acc, id, what, value, at, counters)
  if what == 'gone' then return 0 end
  local old = redis.call('HGET', rec, 'out')
  local isOwn = old and not redis.call('HGET', rec, 'outBy')
  if what == 'set' and old == value then return 1 end
  if not old and redis.call('EXISTS', rec) == 0 then return 0 end
  if what == 'invalid' then
    if old and not isOwn then
      change(rec, acc, id, old)
      redis.call('HDEL', rec, 'out', 'outAt', 'outBy')
    end
    redis.call('ZADD', held, '2', id)
    return 0
  end
  if isOwn then
    redis.call('ZADD', held, '1', id)
    return 0
  end
  change(rec, acc, id, old)
  local fields = {'out', value, 'outAt', at, 'outBy', 'entity'}
  countIn(acc, fields, a + 6, counters)
  redis.call('HSET', rec, unpack(fields))
  return 1
end
if redis.call('HGET', state, 'round') == ARGV[1] then
  isCurrent = '1'
  local done = 0
  for k = 4, #KEYS, 2 do
    local id, counters = ARGV[a + 1], tonumber(ARGV[a + 5])
    if redis.call('ZREM', todo, id) == 1 then
      done = done + settle(KEYS[k], KEYS[k + 1], id, ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], counters)
    end
    a = a + 5 + 2 * counters
  end
  move()
  if done > 0 then redis.call('HINCRBY', state, 'done', string.format('%.0f', done)) end
  walk(tonumber(ARGV[3]))
  remember()
  if pending() == 0 then redis.call('ZREM', queue, entity) end
end
local out = {isCurrent, tostring(changed)}
total(out)
if isCurrent == '1' then page(out, tonumber(ARGV[3]), ARGV[4]) end
return out`;

/** The longest unsettled and their times. KEYS: the unsettled. ARGV: the limit. */
export const UNSETTLED = `return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'WITHSCORES', 'LIMIT', '0', ARGV[1])`;

/** KEYS: the unsettled. ARGV: one of them, and its time. */
export const FORGET = `
local since = redis.call('ZSCORE', KEYS[1], ARGV[1])
if since and tonumber(since) == tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1`;
