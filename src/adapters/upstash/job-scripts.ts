import { JOB_LUA } from "./job-lua.ts";

/** One script for each method of the port; ARGV[5] and on are the method's own. */
export const JOB_SCRIPTS = {
  /** id, key, work, token, leaseEnd, minute, then the fields as the hash has them. Answers {id, created, leased}. */
  enqueue: `
local id, key, work, token, leaseEnd, minute = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
if exists(id) then
  local holds = token ~= '' and field(id, 'token') == token
    and tonumber(field(id, 'due')) > tonumber(now)
  return { id, '1', holds and '1' or '0' }
end
local owner = redis.call('GET', P .. 'key:' .. key)
if owner ~= false then return { owner, '0', '0' } end
local seq = digits(redis.call('INCR', P .. 'seq'))
for place = 11, #ARGV, 2 do put(id, ARGV[place], ARGV[place + 1]) end
put(id, 'id', id, 'key', key, 'seq', seq, 'attempt', '0', 'created', now, 'size', digits(#work))
redis.call('SET', P .. 'work:' .. id, work)
redis.call('SET', P .. 'key:' .. key, id)
redis.call('ZADD', P .. 'all', seq, id)
redis.call('ZADD', P .. 'model:' .. field(id, 'model'), seq, id)
log(id, 'enqueued', '')
if token ~= '' and within(id, minute) then
  begin(id, token, leaseEnd, minute)
  return { id, '1', '1' }
end
requeue(id, now)
return { id, '1', '0' }
`,

  /** token, leaseEnd, minute. Answers the job as `tellWhole` does, or nothing. */
  claim: `
local token, leaseEnd, minute = ARGV[5], ARGV[6], ARGV[7]
trim('completed') trim('dead') trim('dropped')
local full = {}
for _ = 1, 150 do
  local model = nil
  local models = redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', now, 'LIMIT', '0', '50')
  for place = 1, #models do
    if not full[models[place]] then model = models[place] break end
  end
  if model == nil then return {} end
  local id = redis.call('ZRANGE', P .. 'due:' .. model, '0', '0')[1]
  if field(id, 'state') == 'running' then
    log(id, 'lease_expired', '')
    put(id, 'reason', 'lease_expired')
    requeue(id, field(id, 'due'))
  end
  if tonumber(field(id, 'attempt')) >= tonumber(field(id, 'attempts')) then
    log(id, 'dead', 'lease_expired')
    close(id, 'dead', 'lease_expired')
  elseif within(id, minute) then
    begin(id, token, leaseEnd, minute)
    return tellWhole(id)
  else
    full[model] = true
  end
end
return {}
`,

  /** id, token, leaseEnd. */
  heartbeat: `
local id, token, leaseEnd = ARGV[5], ARGV[6], ARGV[7]
if field(id, 'token') ~= token or tonumber(field(id, 'due')) <= tonumber(now) then return '0' end
schedule(id, leaseEnd)
redis.call('ZADD', P .. 'run:' .. field(id, 'model'), leaseEnd, id)
return '1'
`,

  /** id, token, kind, reason, retryAt, duration. */
  finish: `
local id, token, kind, reason = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local retryAt, duration = ARGV[9], ARGV[10]
local told = table.concat({ token, kind, retryAt, duration, reason }, ' ')
if field(id, 'token') ~= token then
  if field(id, 'told') == told then return '1' end
  return '0'
end
put(id, 'told', told)
log(id, kind, reason)
if kind == 'completed' then
  put(id, 'duration', duration)
  redis.call('LPUSH', P .. 'durations', duration)
  redis.call('LTRIM', P .. 'durations', '0', '999')
  close(id, 'completed', '')
elseif kind == 'handed_over' then
  put(id, 'reason', reason)
  uncount(id)
  requeue(id, retryAt)
elseif kind == 'failed' and tonumber(field(id, 'attempt')) < tonumber(field(id, 'attempts')) then
  put(id, 'reason', reason)
  requeue(id, retryAt)
elseif kind == 'dropped' then
  close(id, 'dropped', reason)
else
  if kind == 'failed' then log(id, 'dead', reason) end
  close(id, 'dead', reason)
end
return '1'
`,

  /** id. Answers as `tellWhole` does, or nothing. */
  get: `
if not exists(ARGV[5]) then return {} end
return tellWhole(ARGV[5])
`,

  /** index, from where (as a bound of Redis), limit. Answers whether there are more, then each as `tell` does. */
  list: `
local limit = tonumber(ARGV[7])
local ids = redis.call('ZREVRANGEBYSCORE', P .. ARGV[5], ARGV[6], '-inf', 'LIMIT', '0', digits(limit + 1))
local out = { #ids > limit and '1' or '0' }
for place = 1, math.min(limit, #ids) do tell(out, ids[place]) end
return out
`,

  /** Answers the count of each state in order, when the oldest that has not ended was made (or ''), then durations. */
  counts: `
local out = {}
for _, state in ipairs({ 'queued', 'running', 'completed', 'dead', 'dropped' }) do
  out[#out + 1] = digits(redis.call('ZCARD', P .. 'state:' .. state))
end
local oldest = ''
for _, state in ipairs({ 'queued', 'running' }) do
  local first = redis.call('ZRANGE', P .. 'state:' .. state, '0', '0')
  if #first > 0 then
    local created = field(first[1], 'created')
    if oldest == '' or tonumber(created) < tonumber(oldest) then oldest = created end
  end
end
out[#out + 1] = oldest
local durations = redis.call('LRANGE', P .. 'durations', '0', '-1')
for place = 1, #durations do out[#out + 1] = durations[place] end
return out
`,

  /** id. */
  retry: `
local id = ARGV[5]
if not exists(id) then return 'absent' end
local state, key = field(id, 'state'), P .. 'key:' .. field(id, 'key')
if state == 'queued' or state == 'running' or redis.call('GET', key) ~= false then return 'not_ended' end
unend(id, state)
redis.call('SET', key, id)
put(id, 'attempt', '0')
drop(id, 'reason', 'duration', 'told')
log(id, 'retried', '')
requeue(id, now)
return 'retried'
`,

  /** id. */
  cancel: `
local id = ARGV[5]
if not exists(id) then return 'absent' end
local state = field(id, 'state')
if state ~= 'queued' and state ~= 'running' then return 'ended' end
log(id, 'cancelled', '')
close(id, 'dropped', 'cancelled')
return 'cancelled'
`,

  releaseAll: `
local ids = redis.call('ZRANGE', P .. 'state:running', '0', '-1')
for place = 1, #ids do
  log(ids[place], 'handed_over', 'released')
  put(ids[place], 'reason', 'released')
  uncount(ids[place])
  requeue(ids[place], now)
end
return digits(#ids)
`,
} as const;

export type JobScript = keyof typeof JOB_SCRIPTS;

/** The whole text that Redis runs. */
export const jobScript = (name: JobScript): string => JOB_LUA + JOB_SCRIPTS[name];
