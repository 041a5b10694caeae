/*
 * The prediction store's scripts. They run on Redis' Lua 5.1 and on the 5.3 of a Redis in memory
 * alike: numbers pass through as the texts they came as, or as sums far below 2⁵³, nothing needs
 * cjson, and no field is ever empty, as the latter takes an empty field for a missing one.
 *
 * Keys: `rec:{id}` hash: `doc` the record, `rev`, `out` and `outAt` its outcome, `c:{name}` what
 * that outcome has added to the counters · `acc:{model}:{group}` hash of counters ·
 * `acc:{model}` the groups by their day · `recs:model:{model}` and `recs:entity:{type}:{id}` ids by
 * their time · `recs:unarchived` ids by when they changed · `outBy` of a record: whence its outcome
 * came, where nobody recorded it for itself. What is to be settled: `settle-scripts.ts`.
 */
import { COUNT, WAIT } from "./prediction-lua.ts";

/**
 * Keeps and counts records, unless one of them is there already: then nothing is done, and the
 * places of those are answered, from 0. So what all of them add comes as one sum for each counter,
 * and whoever repeats what was done sends the rest with the rest's own sums. KEYS: unarchived, the
 * unsettled; the records; of each group its counters, groups of the model and ids of the model. ARGV:
 * now, last time that the unarchived forget, what keys of records and of entities begin with, number
 * of groups; of each group its name, day, last day that the groups forget, last time that the ids
 * forget, what is left of its counters and of its records, number of counters, name and sum of each,
 * number of runs; of each run the time, what its records begin with, how many they are; of each
 * record the rest of it, and its entity or `-`. What many records do to one key is one command.
 */
export const ADD = `
local unpack = unpack or table.unpack
local function last(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
${WAIT}
local groups = tonumber(ARGV[5])
local records = #KEYS - 2 - 3 * groups
if redis.call('EXISTS', unpack(KEYS, 3, records + 2)) > 0 then
  local there = {}
  for i = 1, records do
    if redis.call('EXISTS', KEYS[i + 2]) == 1 then table.insert(there, string.format('%.0f', i - 1)) end
  end
  return there
end
local begins, r, k, a = #ARGV[3] + 1, 3, records + 3, 6
local fresh, on, entities = {}, {}, {}
local function put(entity, at, id, ttl)
  local of = on[entity]
  if not of then
    of = {ttl = ttl}
    on[entity] = of
    table.insert(entities, entity)
  end
  if tonumber(of.ttl) < tonumber(ttl) then of.ttl = ttl end
  table.insert(of, at)
  table.insert(of, id)
end
for _ = 1, groups do
  local acc, days, list = KEYS[k], KEYS[k + 1], KEYS[k + 2]
  local name, day, daysForget, listForgets = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
  local left, ttl, counters, ids = ARGV[a + 4], ARGV[a + 5], tonumber(ARGV[a + 6]), {}
  for i = a + 7, a + 5 + 2 * counters, 2 do redis.call('HINCRBY', acc, ARGV[i], ARGV[i + 1]) end
  a = a + 7 + 2 * counters
  local runs = tonumber(ARGV[a])
  a = a + 1
  for _ = 1, runs do
    local at, shared, after = ARGV[a], ARGV[a + 1], r + tonumber(ARGV[a + 2])
    a = a + 3
    while r < after do
      local id = string.sub(KEYS[r], begins)
      redis.call('HSET', KEYS[r], 'doc', shared .. ARGV[a], 'rev', '1')
      redis.call('PEXPIRE', KEYS[r], ttl)
      table.insert(ids, at)
      table.insert(ids, id)
      table.insert(fresh, ARGV[1])
      table.insert(fresh, id)
      if ARGV[a + 1] ~= '-' then put(ARGV[4] .. ARGV[a + 1], at, id, ttl) end
      r, a = r + 1, a + 2
    end
  end
  last(acc, left)
  redis.call('ZADD', days, day, name)
  redis.call('ZREMRANGEBYSCORE', days, '-inf', daysForget)
  redis.call('ZADD', list, unpack(ids))
  redis.call('ZREMRANGEBYSCORE', list, '-inf', listForgets)
  k = k + 3
end
for _, entity in ipairs(entities) do
  local of = on[entity]
  redis.call('ZADD', entity, unpack(of))
  last(entity, of.ttl)
  wait(entity, of, KEYS[2], ARGV[1])
end
-- Without a cron that archives, ids would gather here for ever.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], unpack(fresh))
return {}`;

/**
 * Sets outcomes. KEYS: unarchived; then of each the record and its counters. ARGV: now; then of
 * each id, value, its time, `1` to replace another value, number of counters, name and value of
 * each counter. What the outcome before had added is written down in the record, so that just
 * that is taken out again, whatever program wrote it. Five texts each: what became of it, and the
 * outcome that is there now, its time, the record's revision, and whence the outcome came.
 */
export const SET_OUTCOMES = `
${COUNT}
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
    local fields = {'out', value, 'outAt', at}
    countIn(acc, fields, a + 6, counters)
    redis.call('HSET', rec, unpack(fields))
    redis.call('HDEL', rec, 'outBy')
    redis.call('HINCRBY', rec, 'rev', '1')
    redis.call('ZADD', KEYS[1], ARGV[1], id)
  end
  table.insert(told, what)
  for _, field in ipairs({'out', 'outAt', 'rev', 'outBy'}) do
    table.insert(told, redis.call('HGET', rec, field) or '')
  end
  a = a + 5 + 2 * counters
end
move()
return told`;

/** Reads records: KEYS. Five texts each, the first empty where there is no record. */
export const READ = `
local found = {}
for i = 1, #KEYS do
  for _, field in ipairs({'doc', 'rev', 'out', 'outAt', 'outBy'}) do
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
