-- poll: a job asks whether it is its turn. Checks and claims in one step; a waiting poll only reads, but for a touch now and then.
-- ARGV  4 count  5 repo  6 run  7 place, 16 digits (all from the ticket)  8 claimId  9 owner  10 spread (0..999)
--       11 holdMs (how long this request stays open if there is nothing for it yet)  12 holder
-- Returns {"wait", reason, position, retryAfterSeconds, isReadmitted, runnersBefore or ""} | {"claimed", job, isReadmitted} | {"taken", answer}
--       | {"suspect", job, lostAt, now, position, retryAfterSeconds, isReadmitted}
--       | {"abandoned", isNew} | {"failed" | "cancelled" | "answer_expired" | "ticket_expired" | "superseded"}
-- Keeps: a job claims only if those ahead and itself fit in the capacity; never two live claims of one job.
local ticketPlace = ARGV[7]
local claimId, owner, spread, holdMs, holder = ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12]

local job = loadJob(uniqueId, jobText)
local isReadmitted = not job
if not job then
  if now - tonumber(ticketPlace) / 1000 > settings.ticketMaxAgeMs then return { "ticket_expired" } end
  job = createJob(ticketPlace, tonumber(ARGV[4]), ARGV[5], ARGV[6])
end
if job.place ~= ticketPlace then return { "superseded" } end
if job.state == "taken" then
  if job.answer and job.answerUntil > now then return { "taken", job.answer } end
  return { "answer_expired" }
end
if job.state == "abandoned" then return { "abandoned", 0 } end
if over[job.state] then return { job.state } end
if job.state == "queued" and job.abandonAt <= now then
  job.state = "abandoned"
  endJob(job)
  saveJob(uniqueId, jobKey, job)
  return { "abandoned", 1 }
end
local function isKnownHolder() return holder == "" or holder == job.holder end
if job.state == "claimed" then
  if job.claim.id == claimId then return { "claimed", cjson.encode(job), 0 } end
  if now - job.touchedAt >= settings.touchIntervalMs or job.awakeUntil < now + holdMs or not isKnownHolder() then
    touch(job, 1, holdMs, holder)
    job.awake = false
    saveJob(uniqueId, jobKey, job)
  end
  local reason = "reconciling"
  for _, leg in ipairs(job.claim.legs) do
    if leg.state == "pending" and job.claim.leaseUntil > now then reason = "claim_in_flight" end
  end
  return { "wait", reason, 1, 1, 0, "" }
end

local fleet = loadFleet()
local servable = servableRunners(fleet)
local jobsAhead, rank = findAhead(job, servable)
-- after-loss.ts: evidence clears one after the other, and the line keeps its order
if tonumber(job.place) < lostAt * 1000 and not isSuspect(job) then
  if now < lostAt + settings.sendWithinMs + settings.monitorSettleMs + settings.orderAfterLossMs then
    local jobsAside, rankAside = findAhead(job, servable, asideKey)
    jobsAhead, rank = jobsAhead + jobsAside, rank + rankAside
  end
end
local position = jobsAhead + 1

local function decideRetryAfterSeconds()
  if holder ~= "" then return 1 end
  if position <= 3 then return 1 end
  local longest = math.max(1, math.floor(settings.abandonAfterMs / 3000))
  local base = math.min(longest * 0.8, (settings.retryAfterMs / 1000) * math.sqrt(position / 20))
  local seconds = math.floor(base * (0.75 + spread / 2000) + 0.5)
  return math.max(1, math.min(longest, seconds))
end
local function noteWaiting(retryAfterSeconds)
  local isKnown = job.awake and isKnownHolder() and now - job.touchedAt < settings.touchIntervalMs
  if not isReadmitted and isKnown and job.awakeUntil >= now + holdMs then return end
  touch(job, retryAfterSeconds, holdMs, holder)
  saveJob(uniqueId, jobKey, job)
end
local function wait(reason, retryAfterSeconds, runnersBefore)
  noteWaiting(retryAfterSeconds)
  return { "wait", reason, position, retryAfterSeconds, isReadmitted and 1 or 0, runnersBefore or "" }
end

-- The next sweep lets go of what was held too long, and says so.
if heldSince(job) + settings.holdTimeoutMs <= now then return wait("reconciling", 1) end
if isSuspect(job) then
  local retryAfterSeconds = decideRetryAfterSeconds()
  noteWaiting(retryAfterSeconds)
  return { "suspect", cjson.encode(job), lostAt, now, position, retryAfterSeconds, isReadmitted and 1 or 0 }
end

if isPaused() then return wait("profile_paused", decideRetryAfterSeconds()) end

local needed, capacity, candidates = neededRunners(job), 0, {}
if needed > servable then
  return wait(isFleetHeard(fleet) and "unsatisfiable_now" or "fleet_unknown", decideRetryAfterSeconds())
end
for monitor, row in pairs(fleet) do
  local available = availableRunners(row)
  capacity = capacity + available
  local outLegs = available > 0 and #legsOut(row)
  if outLegs and outLegs < settings.monitorMaxInflight then
    table.insert(candidates, { monitor = monitor, row = row, available = available, outLegs = outLegs })
  end
end
if rank + needed > capacity then
  return wait((capacity == 0 or rank == 0) and "no_capacity" or "not_your_turn", decideRetryAfterSeconds(), rank + needed - capacity)
end

-- placement.ts: most idle first, then fewer legs out, then longest unasked
table.sort(candidates, function(a, b)
  if a.available ~= b.available then return a.available > b.available end
  if a.outLegs ~= b.outLegs then return a.outLegs < b.outLegs end
  if a.row.lastTakeAt ~= b.row.lastTakeAt then return a.row.lastTakeAt < b.row.lastTakeAt end
  return a.monitor < b.monitor
end)
local legs, missing, sentBy = {}, needed, now + settings.sendWithinMs
for _, candidate in ipairs(candidates) do
  local runners = math.min(candidate.available, missing)
  if runners > 0 then
    missing = missing - runners
    local evidenceAfter = sentBy + settings.monitorSettleMs + (runners - 1) * settings.settlePerRunnerMs
    local holdUntil = math.max(sentBy + settings.unknownHoldMs, evidenceAfter + settings.leastEvidenceMs)
    table.insert(legs, {
      monitor = candidate.monitor, runners = runners, state = "pending", evidenceAfter = evidenceAfter, holdUntil = holdUntil,
    })
  end
end
if missing > 0 then return wait("monitors_busy", 1, 0) end

for _, leg in ipairs(legs) do
  local row = fleet[leg.monitor]
  row.out, row.lastTakeAt = legsOut(row), now
  table.insert(row.out, { claimId, leg.runners, leg.holdUntil + settings.legMemoryMs })
end
touch(job, 1)
job.state, job.awake, job.attempts = "claimed", false, job.attempts + 1
job.claim = { id = claimId, owner = owner, leaseUntil = now + settings.claimLeaseMs, at = now, needed = needed, legs = legs }
saveJob(uniqueId, jobKey, job)
saveFleet(fleet)
return { "claimed", cjson.encode(job), isReadmitted and 1 or 0 }
