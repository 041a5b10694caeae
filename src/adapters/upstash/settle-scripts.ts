/*
 * Scripts that bring what became of entities to the predictions on them. Keys beside those of the
 * prediction store, of an entity whose ids are at `recs:entity:{type}:{id}`, each with a `#`, which
 * no id has: `…#todo` ids that are still to be looked at, by their time · `…#held` ids that could
 * not be settled, 1 for a conflict, 2 for an outcome that is none of theirs · `…#settle` hash of
 * `rev` and `value` of the entity, `round` the revision at which the ids were taken, `done` how many
 * have its outcome. `recs:unsettled`: the first of these keys, by when something came into `#todo`.
 */

/** Puts a new record on an entity that was finished among those to be told, in the same step that keeps it. */
export const WAIT = `
local function wait(entity, at, id, ttl, queue, now)
  if redis.call('EXISTS', entity .. '#settle') == 0 then return end
  redis.call('ZADD', entity .. '#todo', at, id)
  for _, key in ipairs({entity .. '#todo', entity .. '#settle'}) do
    if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
  end
  if not redis.call('ZSCORE', queue, entity) then redis.call('ZADD', queue, now, entity) end
end`;

/** Adds to a counter, and takes out of them what the outcome of a record had added. */
export const COUNT = `
local function count(acc, name, by)
  if redis.call('HINCRBY', acc, name, by) == 0 then redis.call('HDEL', acc, name) end
end
local function takeOut(rec, acc)
  local all = redis.call('HGETALL', rec)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'c:' then
      local by = '-' .. all[i + 1]
      if string.sub(by, 1, 2) == '--' then by = string.sub(by, 3) end
      count(acc, string.sub(all[i], 3), by)
      redis.call('HDEL', rec, all[i])
    end
  end
end`;

/** The totals, as every script here ends with. */
const TOTALS = `
local function totals()
  return {
    redis.call('HGET', state, 'done') or '0',
    tostring(redis.call('ZCOUNT', held, '1', '1')),
    tostring(redis.call('ZCOUNT', held, '2', '2')),
    tostring(redis.call('ZCARD', todo)),
  }
end`;

const OF_ENTITY = `
local entity, queue = KEYS[1], KEYS[2]
local todo, held, state = entity .. '#todo', entity .. '#held', entity .. '#settle'
${TOTALS}`;

/** Records wait in an isolate before they are written: so long a finishing is remembered without any. */
const REMEMBERED_MS = 600_000;

/**
 * KEYS: ids on the entity, the unsettled. ARGV: revision, value, limit, now, `1` to look once more
 * at what was held. Answers the round, or `-` for one that is late; the totals; ids.
 */
export const NEXT = `
${OF_ENTITY}
local unpack = unpack or table.unpack
local rev, value = redis.call('HGET', state, 'rev'), redis.call('HGET', state, 'value')
local out = {'-'}
if not rev or tonumber(rev) <= tonumber(ARGV[1]) then
  if value ~= ARGV[2] then
    redis.call('DEL', todo, held)
    local all = redis.call('ZRANGE', entity, '0', '-1', 'WITHSCORES')
    for first = 1, #all, 2000 do
      local some = {}
      for i = first, math.min(first + 1998, #all), 2 do
        table.insert(some, all[i + 1])
        table.insert(some, all[i])
      end
      redis.call('ZADD', todo, unpack(some))
    end
    redis.call('HSET', state, 'value', ARGV[2], 'round', ARGV[1], 'done', '0')
  elseif ARGV[5] == '1' and redis.call('ZCARD', todo) == 0 and redis.call('ZCARD', held) > 0 then
    redis.call('RENAME', held, todo)
  end
  redis.call('HSET', state, 'rev', ARGV[1])
  local left = math.max(redis.call('PTTL', entity), ${REMEMBERED_MS})
  for _, key in ipairs({todo, held, state}) do
    if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, string.format('%.0f', left)) end
  end
  if redis.call('ZCARD', todo) == 0 then redis.call('ZREM', queue, entity)
  elseif not redis.call('ZSCORE', queue, entity) then redis.call('ZADD', queue, ARGV[4], entity) end
  out[1] = redis.call('HGET', state, 'round')
end
for _, total in ipairs(totals()) do table.insert(out, total) end
if out[1] ~= '-' then
  local last = string.format('%.0f', tonumber(ARGV[3]) - 1)
  for _, id in ipairs(redis.call('ZREVRANGE', todo, '0', last)) do table.insert(out, id) end
end
return out`;

/**
 * KEYS: ids on the entity, the unsettled, unarchived; then of each the record and its counters.
 * ARGV: round, now; then of each id, what it is, value, its time, number of counters, name and
 * value of each. Answers `1` or, for a round that is over, `0`; how many were changed; the totals.
 */
export const SETTLE = `
${OF_ENTITY}
${COUNT}
local isCurrent, changed, a = '0', 0, 2
local function change(rec, acc, id, old)
  if old then takeOut(rec, acc) end
  redis.call('HINCRBY', rec, 'rev', '1')
  redis.call('ZADD', KEYS[3], ARGV[2], id)
  changed = changed + 1
end
local function settle(rec, acc, id, what, value, at, counters)
  if what == 'gone' or redis.call('EXISTS', rec) == 0 then return end
  local old = redis.call('HGET', rec, 'out')
  local isOwn = old and not redis.call('HGET', rec, 'outBy')
  if what == 'set' and old == value then redis.call('HINCRBY', state, 'done', '1')
  elseif what == 'invalid' then
    if old and not isOwn then
      change(rec, acc, id, old)
      redis.call('HDEL', rec, 'out', 'outAt', 'outBy')
    end
    redis.call('ZADD', held, '2', id)
  elseif isOwn then redis.call('ZADD', held, '1', id)
  else
    change(rec, acc, id, old)
    for i = a + 6, a + 4 + 2 * counters, 2 do
      count(acc, ARGV[i], ARGV[i + 1])
      redis.call('HSET', rec, 'c:' .. ARGV[i], ARGV[i + 1])
    end
    redis.call('HSET', rec, 'out', value, 'outAt', at, 'outBy', 'entity')
    redis.call('HINCRBY', state, 'done', '1')
  end
end
if redis.call('HGET', state, 'round') == ARGV[1] then
  isCurrent = '1'
  for k = 4, #KEYS, 2 do
    local id, counters = ARGV[a + 1], tonumber(ARGV[a + 5])
    if redis.call('ZREM', todo, id) == 1 then
      settle(KEYS[k], KEYS[k + 1], id, ARGV[a + 2], ARGV[a + 3], ARGV[a + 4], counters)
    end
    a = a + 5 + 2 * counters
  end
  local left = redis.call('PTTL', state)
  if redis.call('PTTL', held) < left then redis.call('PEXPIRE', held, string.format('%.0f', left)) end
  if redis.call('ZCARD', todo) == 0 then redis.call('ZREM', queue, entity) end
end
local out = {isCurrent, tostring(changed)}
for _, total in ipairs(totals()) do table.insert(out, total) end
return out`;

/** The longest unsettled and their times. KEYS: the unsettled. ARGV: the limit. */
export const UNSETTLED = `return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'WITHSCORES', 'LIMIT', '0', ARGV[1])`;

/** KEYS: the unsettled. ARGV: one of them, and its time. */
export const FORGET = `
local since = redis.call('ZSCORE', KEYS[1], ARGV[1])
if since and tonumber(since) == tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1`;
