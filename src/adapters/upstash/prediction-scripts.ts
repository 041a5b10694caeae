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
import { COUNT, WAIT } from "./settle-scripts.ts";

/**
 * Keeps and counts records. KEYS: unarchived; of each group its counters, groups of the model and
 * ids of the model; of each record the record, and ids of the entity or `-`; the unsettled. ARGV:
 * now, last time that the unarchived forget, number of groups; of each group its name, day, last day
 * that the groups forget, last time that the ids forget, what is left of its counters; of each
 * record the number of its group, id, time, what is left of it, document, number of counters, then
 * name and value of each. What many records do to one key is one command.
 */
export const ADD = `
local unpack = unpack or table.unpack
local function last(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
${WAIT}
local groups, k, a = {}, 2, 4
for g = 1, tonumber(ARGV[3]) do
  groups[g] = {
    acc = KEYS[k], days = KEYS[k + 1], list = KEYS[k + 2], name = ARGV[a], day = ARGV[a + 1],
    daysForget = ARGV[a + 2], listForgets = ARGV[a + 3], left = ARGV[a + 4], ids = {}, sums = {},
  }
  k, a = k + 3, a + 5
end
local fresh = {}
while k < #KEYS do
  local rec, entity, group = KEYS[k], KEYS[k + 1], groups[tonumber(ARGV[a])]
  local id, at, ttl, counters = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], tonumber(ARGV[a + 5])
  if redis.call('EXISTS', rec) == 0 then
    redis.call('HSET', rec, 'doc', ARGV[a + 4], 'rev', '1')
    redis.call('PEXPIRE', rec, ttl)
    for i = a + 6, a + 4 + 2 * counters, 2 do
      group.sums[ARGV[i]] = (group.sums[ARGV[i]] or 0) + tonumber(ARGV[i + 1])
    end
    table.insert(group.ids, at)
    table.insert(group.ids, id)
    table.insert(fresh, ARGV[1])
    table.insert(fresh, id)
    if entity ~= '-' then
      redis.call('ZADD', entity, at, id)
      last(entity, ttl)
      wait(entity, at, id, ttl, KEYS[#KEYS], ARGV[1])
    end
  end
  k, a = k + 2, a + 6 + 2 * counters
end
for _, group in ipairs(groups) do
  if #group.ids > 0 then
    for name, by in pairs(group.sums) do
      redis.call('HINCRBY', group.acc, name, string.format('%.0f', by))
    end
    last(group.acc, group.left)
    redis.call('ZADD', group.days, group.day, group.name)
    redis.call('ZREMRANGEBYSCORE', group.days, '-inf', group.daysForget)
    redis.call('ZADD', group.list, unpack(group.ids))
    redis.call('ZREMRANGEBYSCORE', group.list, '-inf', group.listForgets)
  end
end
-- Without a cron that archives, ids would gather here for ever.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if #fresh > 0 then redis.call('ZADD', KEYS[1], unpack(fresh)) end
return #fresh / 2`;

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
    for i = a + 6, a + 4 + 2 * counters, 2 do
      count(acc, ARGV[i], ARGV[i + 1])
      redis.call('HSET', rec, 'c:' .. ARGV[i], ARGV[i + 1])
    end
    redis.call('HSET', rec, 'out', value, 'outAt', at)
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
