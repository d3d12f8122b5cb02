-- What every operation on one profile's queue does alike: the clock, the store's epoch, and a job kept in step with the line, the
-- due times and the leases. Each operation's file is appended to this one (docs/decisions/0004). `settings.<name>`
-- stands for a figure that the client writes in. Rules are those of src/queue/*.ts, which say why.
--
-- KEYS  1 epoch    "<marker>|<ms>|<old markers>": which run of which server knows this queue, since when, and which did before
--       2 fleet    JSON: monitor -> row
--       3 line     sorted set, all scores 0: "<needed>:<place>:<unique_id>" of present jobs, so that counting those ahead is a look-up
--       4 due      sorted set: queued jobs by when time alone next changes them
--       5 claims   sorted set: jobs with open legs by when their lease lapses
--       6 aside    sorted set as the line, of queued jobs that are not present, or not cleared after a loss
--       7 paused   JSON of the act that pauses the profile
--       8 history  stream: `e` is the JSON of an entry
--       9 job      JSON of one job (in sweep and view: the prefix of all)
-- ARGV  1 now      ms, or 0 for Redis's own clock
--       2 marker   the server's run id and replication id
--       3 uniqueId
local epochKey, fleetKey, lineKey, dueKey, claimsKey, asideKey, pausedKey, historyKey, jobKey = unpack(KEYS)
local now, marker, uniqueId = tonumber(ARGV[1]), ARGV[2], ARGV[3]
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local epochText, fleetText, jobText, pausedText = unpack(redis.call("MGET", epochKey, fleetKey, jobKey, pausedKey))

-- Since when this store knows everything: jobs older than that may have claims that it forgot. A new run of the server, or
-- none known, starts a new epoch; all present jobs leave the line until evidence clears them. A marker of an earlier epoch
-- comes from an instance that has not noticed yet: it must not start its old epoch again.
local function findLostAt()
  local knownMarker, since, older = string.match(epochText or "", "^([^|]*)|(%d+)|(.*)$")
  if knownMarker == marker then return tonumber(since) end
  if older and string.find(older .. ",", marker .. ",", 1, true) then return nil end
  older = knownMarker and string.sub(knownMarker .. "," .. older, 1, 1000) or ""
  redis.call("SET", epochKey, string.format("%s|%.0f|%s", marker, now, older))
  redis.call("ZUNIONSTORE", asideKey, 2, asideKey, lineKey)
  redis.call("DEL", lineKey)
  return now
end
local lostAt = findLostAt()
if not lostAt then return redis.error_reply("STALEMARKER the server has changed: learn its marker anew") end

local function loadFleet()
  return fleetText and cjson.decode(fleetText) or {}
end

local function saveFleet(fleet)
  redis.call("SET", fleetKey, cjson.encode(fleet), "PX", settings.forgetMonitorAfterMs)
end

local function targetRunners(fleet)
  local sum = 0
  for _, row in pairs(fleet) do sum = sum + row.target end
  return sum
end

-- Targets of monitors heard of lately and not drained: what can be served now.
local function servableRunners(fleet)
  local sum = 0
  for _, row in pairs(fleet) do
    if row.askedAt + settings.targetMemoryMs > now and row.drainedUntil <= now then sum = sum + row.target end
  end
  return sum
end

-- Whether any monitor was heard of lately.
local function isFleetHeard(fleet)
  for _, row in pairs(fleet) do
    if row.askedAt + settings.targetMemoryMs > now then return true end
  end
  return false
end

local function isPaused()
  local act = pausedText and cjson.decode(pausedText)
  return act and (act["until"] == cjson.null or act["until"] > now)
end

local over = { taken = true, failed = true, abandoned = true, cancelled = true }

local function neededRunners(job)
  return job.count - (job.held and #job.held or 0)
end

-- When the first runner in hand was reserved at the earliest; infinity with empty hands.
local function heldSince(job)
  local first = math.huge
  for _, runner in ipairs(job.held or {}) do first = math.min(first, runner.since) end
  return first
end

local function hasOpenLeg(job)
  for _, leg in ipairs(job.claim and job.claim.legs or {}) do
    if leg.state == "pending" or leg.state == "unknown" then return true end
  end
  return false
end

local function isSuspect(job)
  return tonumber(job.place) < lostAt * 1000 and job.clearedFor ~= lostAt
end

-- The job's member of the line or of those aside; nothing where it does not wait.
local function memberOf(id, job)
  if job.state ~= "queued" then return nil end
  local member = string.format("%04d:%s:%s", neededRunners(job), job.place, id)
  return member, job.awake and not isSuspect(job) and lineKey or asideKey
end

local function noteHistory(entry)
  redis.call("XADD", historyKey, "MAXLEN", "~", settings.historyLength, "*", "e", cjson.encode(entry))
end

-- The operator whose script this is, if it is one's.
local actor = nil

-- history.ts: the entry for a job that is in another state than it was.
local function noteChange(id, job, isReadmitted)
  local entry = {
    at = now, what = isReadmitted and job.state == "queued" and "readmitted" or job.state, id = id, repo = job.repo, run = job.run,
    by = actor, count = job.count, attempts = job.attempts, waitedMs = now - math.floor(tonumber(job.place) / 1000),
  }
  if job.state == "claimed" then
    entry.monitors = {}
    for _, leg in ipairs(job.claim.legs) do table.insert(entry.monitors, leg.monitor) end
  elseif job.state == "taken" then
    entry.runners = {}
    for i = math.max(1, #job.known - job.count + 1), #job.known do table.insert(entry.runners, job.known[i]) end
  end
  noteHistory(entry)
end

-- How each job stood when it was loaded: what saveJob has to undo.
local stateBefore, textBefore = {}, {}

-- The job; nil where nothing is known of it.
local function loadJob(id, text)
  local job = text and cjson.decode(text)
  if not job or (job.goneAt and job.goneAt <= now) then return nil end
  stateBefore[id], textBefore[id] = job.state, text
  return job
end

-- `isEnqueued`: somebody asked for it just now; else a job that was not known came back.
local function saveJob(id, key, job, isEnqueued)
  local member, list = memberOf(id, job)
  -- read anew, for a poll that waits saves nothing
  if textBefore[id] then
    local memberBefore, listBefore = memberOf(id, cjson.decode(textBefore[id]))
    if memberBefore and (memberBefore ~= member or listBefore ~= list) then redis.call("ZREM", listBefore, memberBefore) end
  end
  if member then
    redis.call("ZADD", list, 0, member)
    local dueAt = job.awake and math.min(job.awakeUntil, job.abandonAt) or job.abandonAt
    redis.call("ZADD", dueKey, math.min(dueAt, heldSince(job) + settings.holdTimeoutMs), id)
  else
    redis.call("ZREM", dueKey, id)
  end
  if hasOpenLeg(job) then
    redis.call("ZADD", claimsKey, job.claim.leaseUntil, id)
  elseif job.claim then
    redis.call("ZREM", claimsKey, id)
  end
  -- A live job whose queue nobody serves any more is forgotten in the end; its ticket would bring it back.
  local ttlMs = settings.tombstoneTtlMs + settings.abandonAfterMs + settings.unknownHoldMs
  if job.goneAt then ttlMs = job.goneAt - now end
  redis.call("SET", key, cjson.encode(job), "PX", math.max(1, ttlMs))
  if stateBefore[id] ~= job.state then noteChange(id, job, not stateBefore[id] and not isEnqueued) end
end

local function createJob(place, count, repo, run)
  return {
    state = "queued", place = place, count = count, repo = repo, run = run,
    touchedAt = 0, awake = true, awakeUntil = now + 1000 + settings.presenceGraceMs, abandonAt = now + settings.abandonAfterMs,
    attempts = 0, refusals = 0,
  }
end

-- Notes a poll that was told to come back in so many seconds, or will be after holdMs (presence.ts).
local function touch(job, retryAfterSeconds, holdMs, holder)
  local unwrittenMs = math.max(settings.touchIntervalMs, holdMs or 0)
  job.touchedAt = now
  job.awake = true
  job.awakeUntil = math.max(job.awakeUntil, now + unwrittenMs + retryAfterSeconds * 1000 + settings.presenceGraceMs)
  job.abandonAt = math.max(job.abandonAt, now + unwrittenMs + settings.abandonAfterMs)
  if holder and holder ~= "" then job.holder = holder end
end

-- Lets go of the runners in hand that were reserved at `latest` or before, and adds their names to `leaked`.
local function dropHeld(job, leaked, latest)
  local kept = {}
  for _, runner in ipairs(job.held or {}) do
    if runner.since > latest then
      table.insert(kept, runner)
    else
      local name = runner.monitor .. "/" .. runner.id
      job.known = job.known or {}
      table.insert(job.known, name)
      table.insert(leaked, name)
    end
  end
  job.held = #kept > 0 and kept or nil
end

-- Turns a job into its tombstone, which outlives its ticket and every open leg.
local function endJob(job)
  job.awake = false
  job.endedAt = now
  job.goneAt = math.max(now + settings.tombstoneTtlMs, math.floor(tonumber(job.place) / 1000) + settings.ticketMaxAgeMs)
  for _, leg in ipairs(job.claim and job.claim.legs or {}) do
    job.goneAt = math.max(job.goneAt, leg.holdUntil + settings.legMemoryMs)
  end
end

-- Jobs ahead in a list (the line, if none is named) that need at most `servable` runners each, and how many runners those need. Most lines hold jobs of one need only:
-- then the rank in the line says it all, and costs half as much as counting by need.
local function findAhead(job, servable, listKey)
  listKey = listKey or lineKey
  local head, tail = redis.call("ZRANGE", listKey, 0, 0)[1], redis.call("ZRANGE", listKey, -1, -1)[1]
  if not head then return 0, 0 end
  local need = tonumber(string.sub(head, 1, 4))
  local mine = tonumber(string.sub(tail, 1, 4)) == need and need <= servable and memberOf(uniqueId, job)
  local rank = mine and redis.call("ZRANK", listKey, mine)
  if rank then return rank, rank * need end
  local jobs, runners, from = 0, 0, "-"
  while true do
    local first = redis.call("ZRANGEBYLEX", listKey, from, "+", "LIMIT", 0, 1)[1]
    local needed = first and string.sub(first, 1, 4)
    if not first or tonumber(needed) > servable then return jobs, runners end
    local here = redis.call("ZLEXCOUNT", listKey, "[" .. needed .. ":", "(" .. needed .. ":" .. job.place .. ":" .. uniqueId)
    jobs, runners = jobs + here, runners + here * tonumber(needed)
    from = "(" .. needed .. ";"
  end
end

local function legsOut(row)
  local legs = {}
  for _, leg in ipairs(row.out) do
    if leg[3] > now then table.insert(legs, leg) end
  end
  return legs
end

local function availableRunners(row)
  if row.drainedUntil > now then return 0 end
  if row.failing or row.askedAt + settings.snapshotFreshMs < now then return 0 end
  if row.emptyAt >= row.askedAt or row.blockedUntil > now then return 0 end
  local out, free = legsOut(row), row.idle
  if row.failures >= 2 and #out > 0 then return 0 end
  for _, leg in ipairs(out) do free = free - leg[2] end
  for _, settled in ipairs(row.settled) do free = free - settled[2] end
  return math.max(0, free)
end

local function sumAvailable(fleet)
  local sum = 0
  for _, row in pairs(fleet) do sum = sum + availableRunners(row) end
  return sum
end

-- Runners that the present jobs need which can be served now.
local function wantedRunners(fleet)
  local _, runners = findAhead({ place = "9999999999999999" }, servableRunners(fleet))
  return runners
end

-- winners.ts: the jobs whose turn it is, as far as their monitors can be asked now.
local function findWinners(fleet)
  local capacity, servable, waiting, places = sumAvailable(fleet), servableRunners(fleet), {}, 0
  for _, row in pairs(fleet) do
    if availableRunners(row) > 0 then places = places + math.max(0, settings.monitorMaxInflight - #legsOut(row)) end
  end
  if places == 0 or isPaused() then return {} end
  local from = "-"
  while true do
    local first = redis.call("ZRANGEBYLEX", lineKey, from, "+", "LIMIT", 0, 1)[1]
    local need = first and string.sub(first, 1, 4)
    if not first or tonumber(need) > servable then break end
    local high = "(" .. need .. ";"
    for _, member in ipairs(redis.call("ZRANGEBYLEX", lineKey, "[" .. need .. ":", high, "LIMIT", 0, capacity)) do
      local place, id = string.match(member, "^%d+:(%d+):(.*)$")
      table.insert(waiting, { place = place, id = id, needed = tonumber(need) })
    end
    from = high
  end
  table.sort(waiting, function(a, b)
    if a.place ~= b.place then return a.place < b.place end
    return a.id < b.id
  end)
  local winners, rank = {}, 0
  for _, job in ipairs(waiting) do
    rank = rank + job.needed
    if rank <= capacity then table.insert(winners, job.id) end
    if rank >= capacity or #winners >= places then break end
  end
  return winners
end

-- Tells whoever waits, in whichever instance, whose turn it is now and what became of these jobs.
local function wake(ids, fleet)
  for _, id in ipairs(findWinners(fleet)) do table.insert(ids, id) end
  -- pcall: a user without the right to publish still has a queue, only a slower one
  if #ids > 0 then redis.pcall("PUBLISH", string.gsub(epochKey, "epoch$", "wake"), table.concat(ids, " ")) end
end
