/**
 * What the job store's scripts share. They run on Redis' Lua 5.1 and on the 5.3 of a Redis in
 * memory alike: numbers are written by `%.0f`, an absent optional field is no field, nothing
 * needs cjson, and a text that may be empty is never read by HGET alone to tell whether it is
 * there. The keys of a job are not known before it is found, so they are not in KEYS: Upstash and
 * a single Redis take that, a cluster would need a hash tag in the prefix.
 *
 * Keys after `job:`: `id:{id}` hash · `work:{id}` text · `log:{id}` list · `key:{key}` the job
 * that is queued or running · `seq` counter · `all`, `model:{m}`, `state:{s}`,
 * `state:{s}:model:{m}` sorted by it · `due:{m}` jobs by when they are due, `due` the models by
 * their first · `run:{m}` leases by their end · `rate:{m}:{minute}` attempts begun ·
 * `ended:{s}` by when, `bytes:{s}` of their work · `durations` list.
 */
export const JOB_LUA = `
local P, now = KEYS[1], ARGV[1]
local keepFrom, keepJobs, keepBytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function digits(value) return string.format('%.0f', tonumber(value)) end
local function put(id, ...) redis.call('HSET', P .. 'id:' .. id, ...) end
local function drop(id, ...) redis.call('HDEL', P .. 'id:' .. id, ...) end
local function exists(id) return tonumber(redis.call('EXISTS', P .. 'id:' .. id)) == 1 end

local function field(id, name)
  local value = redis.call('HGET', P .. 'id:' .. id, name)
  if value == false then return '' end
  return value
end

local function log(id, event, detail)
  local line = now .. ' ' .. event
  if detail ~= '' then line = line .. ' ' .. detail end
  redis.call('RPUSH', P .. 'log:' .. id, line)
  redis.call('LTRIM', P .. 'log:' .. id, '-100', '-1')
end

-- Its place in the lists of states; each job is in those of one state.
local function move(id, state)
  local from, model, seq = field(id, 'state'), field(id, 'model'), field(id, 'seq')
  if from ~= '' then
    redis.call('ZREM', P .. 'state:' .. from, id)
    redis.call('ZREM', P .. 'state:' .. from .. ':model:' .. model, id)
  end
  if state == '' then return end
  redis.call('ZADD', P .. 'state:' .. state, seq, id)
  redis.call('ZADD', P .. 'state:' .. state .. ':model:' .. model, seq, id)
  put(id, 'state', state)
end

-- When somebody is to look at it; '': never.
local function schedule(id, due)
  local model = field(id, 'model')
  local queue = P .. 'due:' .. model
  if due == '' then
    redis.call('ZREM', queue, id)
  else
    redis.call('ZADD', queue, due, id)
    put(id, 'due', due)
  end
  local first = redis.call('ZRANGE', queue, '0', '0', 'WITHSCORES')
  if #first == 0 then
    redis.call('ZREM', P .. 'due', model)
  else
    redis.call('ZADD', P .. 'due', first[2], model)
  end
end

local function release(id)
  redis.call('ZREM', P .. 'run:' .. field(id, 'model'), id)
  drop(id, 'token')
end

local function uncount(id)
  put(id, 'attempt', digits(tonumber(field(id, 'attempt')) - 1))
end

local function requeue(id, due)
  release(id)
  move(id, 'queued')
  schedule(id, due)
end

local function within(id, minute)
  local model, perMinute = field(id, 'model'), field(id, 'per_minute')
  local running = redis.call('ZCOUNT', P .. 'run:' .. model, '(' .. now, '+inf')
  if tonumber(running) >= tonumber(field(id, 'max_running')) then return false end
  if perMinute == '' then return true end
  local begun = redis.call('GET', P .. 'rate:' .. model .. ':' .. minute)
  return begun == false or tonumber(begun) < tonumber(perMinute)
end

local function begin(id, token, leaseEnd, minute)
  local model = field(id, 'model')
  local rate = P .. 'rate:' .. model .. ':' .. minute
  redis.call('INCR', rate)
  redis.call('PEXPIRE', rate, '120000')
  put(id, 'token', token, 'attempt', digits(tonumber(field(id, 'attempt')) + 1))
  move(id, 'running')
  schedule(id, leaseEnd)
  redis.call('ZADD', P .. 'run:' .. model, leaseEnd, id)
  log(id, 'started', '')
end

local function unend(id, state)
  redis.call('ZREM', P .. 'ended:' .. state, id)
  redis.call('DECRBY', P .. 'bytes:' .. state, field(id, 'size'))
end

-- Ten at a time: a long list must not hold up whoever ends one job.
local function trim(state)
  for _ = 1, 10 do
    local first = redis.call('ZRANGE', P .. 'ended:' .. state, '0', '0', 'WITHSCORES')
    if #first == 0 then return end
    local many = tonumber(redis.call('ZCARD', P .. 'ended:' .. state)) > keepJobs
    local heavy = tonumber(redis.call('GET', P .. 'bytes:' .. state) or '0') > keepBytes
    if not many and not heavy and tonumber(first[2]) >= keepFrom then return end
    local id = first[1]
    unend(id, state)
    move(id, '')
    redis.call('ZREM', P .. 'all', id)
    redis.call('ZREM', P .. 'model:' .. field(id, 'model'), id)
    redis.call('DEL', P .. 'id:' .. id, P .. 'work:' .. id, P .. 'log:' .. id)
  end
end

local function close(id, state, reason)
  release(id)
  schedule(id, '')
  move(id, state)
  put(id, 'due', now)
  if reason == '' then drop(id, 'reason') else put(id, 'reason', reason) end
  local key = P .. 'key:' .. field(id, 'key')
  if redis.call('GET', key) == id then redis.call('DEL', key) end
  redis.call('ZADD', P .. 'ended:' .. state, now, id)
  redis.call('INCRBY', P .. 'bytes:' .. state, field(id, 'size'))
  trim(state)
end

local function append(out, list)
  out[#out + 1] = digits(#list)
  for place = 1, #list do out[#out + 1] = list[place] end
end

-- Fields, then events, each after its count.
local function tell(out, id)
  append(out, redis.call('HGETALL', P .. 'id:' .. id))
  append(out, redis.call('LRANGE', P .. 'log:' .. id, '0', '-1'))
end

local function tellWhole(id)
  local out = {}
  tell(out, id)
  out[#out + 1] = redis.call('GET', P .. 'work:' .. id) or ''
  return out
end
`;
