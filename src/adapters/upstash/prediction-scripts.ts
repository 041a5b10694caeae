/*
 * The prediction store's scripts. They run on Redis' Lua 5.1 and on the 5.3 of a Redis in memory
 * alike: numbers pass through as the texts they came as, nothing needs cjson, and no field is
 * ever empty, as the latter takes an empty field for a missing one.
 *
 * Keys: `rec:{id}` hash: `doc` the record, `rev`, `out` and `outAt` its outcome, `c:{name}` what
 * that outcome has added to the counters · `acc:{model}:{group}` hash of counters ·
 * `acc:{model}` the groups by their day · `recs:model:{model}` and `recs:entity:{type}:{id}` ids by
 * their time · `recs:unarchived` ids by when they changed.
 */

/** KEYS of one record: the record, its counters, ids of the model, groups of the model, unarchived, ids of the entity or `-`. */
export const KEYS_A_RECORD = 6;

/**
 * Keeps and counts records. ARGV of one record: id, time, now, what is left of it, what is left of
 * its counters, group, day, last time that the lists forget, last day that the groups forget,
 * document, number of counters; then name and value of each.
 */
export const ADD = `
local function last(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
local made, a = 0, 0
-- Without a cron that archives, ids would gather here for ever.
if #KEYS > 0 then redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', ARGV[3] - ARGV[5]) end
for k = 1, #KEYS, ${KEYS_A_RECORD} do
  local rec, acc, entity = KEYS[k], KEYS[k + 1], KEYS[k + 5]
  local id, at, ttl = ARGV[a + 1], ARGV[a + 2], ARGV[a + 4]
  local first, count = a + 12, tonumber(ARGV[a + 11])
  if redis.call('EXISTS', rec) == 0 then
    made = made + 1
    redis.call('HSET', rec, 'doc', ARGV[a + 10], 'rev', '1')
    redis.call('PEXPIRE', rec, ttl)
    for i = first, first + 2 * count - 2, 2 do
      redis.call('HINCRBY', acc, ARGV[i], ARGV[i + 1])
    end
    last(acc, ARGV[a + 5])
    redis.call('ZADD', KEYS[k + 3], ARGV[a + 7], ARGV[a + 6])
    redis.call('ZREMRANGEBYSCORE', KEYS[k + 3], '-inf', ARGV[a + 9])
    redis.call('ZADD', KEYS[k + 2], at, id)
    redis.call('ZREMRANGEBYSCORE', KEYS[k + 2], '-inf', ARGV[a + 8])
    redis.call('ZADD', KEYS[k + 4], ARGV[a + 3], id)
    if entity ~= '-' then
      redis.call('ZADD', entity, at, id)
      last(entity, ttl)
    end
  end
  a = first + 2 * count - 1
end
return made`;

/**
 * Sets outcomes. KEYS: unarchived; then of each the record and its counters. ARGV: now; then of
 * each id, value, its time, `1` to replace another value, number of counters, name and value of
 * each counter. What the outcome before had added is written down in the record, so that just
 * that is taken out again, whatever program wrote it. Four texts each: what became of it, and the
 * outcome that is there now, its time and the record's revision.
 */
export const SET_OUTCOMES = `
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
end
local told, a = {}, 1
for k = 2, #KEYS, 2 do
  local rec, acc = KEYS[k], KEYS[k + 1]
  local id, value, at, counters = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], tonumber(ARGV[a + 5])
  local old = redis.call('HGET', rec, 'out')
  local what = 'set'
  if redis.call('EXISTS', rec) == 0 then what = 'absent'
  elseif old == value then what = 'unchanged'
  elseif old and ARGV[a + 4] ~= '1' then what = 'conflict' end
  if what == 'set' then
    if old then takeOut(rec, acc) end
    for i = a + 6, a + 4 + 2 * counters, 2 do
      count(acc, ARGV[i], ARGV[i + 1])
      redis.call('HSET', rec, 'c:' .. ARGV[i], ARGV[i + 1])
    end
    redis.call('HSET', rec, 'out', value, 'outAt', at)
    redis.call('HINCRBY', rec, 'rev', '1')
    redis.call('ZADD', KEYS[1], ARGV[1], id)
  end
  table.insert(told, what)
  for _, field in ipairs({'out', 'outAt', 'rev'}) do
    table.insert(told, redis.call('HGET', rec, field) or '')
  end
  a = a + 5 + 2 * counters
end
return told`;

/** Reads records: KEYS. Four texts each, the first empty where there is no record. */
export const READ = `
local found = {}
for i = 1, #KEYS do
  for _, field in ipairs({'doc', 'rev', 'out', 'outAt'}) do
    table.insert(found, redis.call('HGET', KEYS[i], field) or '')
  end
end
return found`;

/**
 * Ids of a page and their times, in no order: what is left of the millisecond that the page
 * before ended in, as many before it as asked for, and all of the last one's millisecond. KEYS:
 * the list. ARGV: the earliest time, the latest, the limit, the millisecond of the page before or
 * `-`.
 */
export const PAGE = `
local function of(at) return redis.call('ZRANGEBYSCORE', KEYS[1], at, at, 'WITHSCORES') end
local found = {}
local function take(pairs) for i = 1, #pairs do table.insert(found, pairs[i]) end end
if ARGV[4] ~= '-' then take(of(ARGV[4])) end
local page = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[2], ARGV[1], 'WITHSCORES', 'LIMIT', '0', ARGV[3])
take(page)
if #page > 0 then take(of(page[#page])) end
return found`;

/** Groups from a day on. KEYS: the groups. ARGV: the day. */
export const GROUPS = `return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')`;

/** Counters of many groups: KEYS. */
export const COUNTERS = `
local found = {}
for i = 1, #KEYS do table.insert(found, redis.call('HGETALL', KEYS[i])) end
return found`;

/** The longest unarchived ids. KEYS: unarchived. ARGV: the limit. */
export const UNARCHIVED = `return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'LIMIT', '0', ARGV[1])`;

/** Forgets what is archived, unless it has changed since. KEYS: unarchived, then each record. ARGV: id and revision of each. */
export const MARK_ARCHIVED = `
for i = 2, #KEYS do
  local rev = redis.call('HGET', KEYS[i], 'rev')
  local a = 2 * i - 3
  if not rev or rev == ARGV[a + 1] then redis.call('ZREM', KEYS[1], ARGV[a]) end
end
return 1`;
