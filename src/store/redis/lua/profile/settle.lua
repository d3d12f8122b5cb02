-- settle: outcomes of legs, and runners that evidence found. settlement.ts says why each thing is done.
-- ARGV  4 count  5 repo  6 run  7 place, 16 digits (all from the ticket)  8 settlement (JSON)
-- Returns {kind, answer or "", JSON list of leaked runners, isReadmitted: the job was not known}; kind: taken | queued | open | failed | over | lost
-- Keeps: an answer never changes; a leg settles once; settling twice is settling once.
-- JSON of a list; an empty one would be written as an object
local function listOf(names)
  return #names > 0 and cjson.encode(names) or "[]"
end
local ticketPlace = ARGV[7]
local settlement = cjson.decode(ARGV[8])
local leaked = {}

local job = loadJob(uniqueId, jobText)
local isReadmitted = not job
job = job or createJob(ticketPlace, tonumber(ARGV[4]), ARGV[5], ARGV[6])
if job.place ~= ticketPlace then
  for _, leg in ipairs(settlement.legs) do
    for _, runner in ipairs(leg.runners or {}) do table.insert(leaked, runner.monitor .. "/" .. runner.id) end
  end
  for _, runner in ipairs(settlement.found) do table.insert(leaked, runner.monitor .. "/" .. runner.id) end
  return { "lost", "", listOf(leaked), 0 }
end
local fleet = loadFleet()
local wasOver = over[job.state]
local claim = settlement.claimId ~= cjson.null and job.claim and job.claim.id == settlement.claimId and job.claim or nil

local function includes(list, name)
  for _, other in ipairs(list or {}) do if other == name then return true end end
  return false
end

local function keepOrLeak(runner, since)
  local name = runner.monitor .. "/" .. runner.id
  for _, held in ipairs(job.held or {}) do
    if held.monitor == runner.monitor and held.id == runner.id then return end
  end
  if includes(job.known, name) then return end
  if over[job.state] or neededRunners(job) <= 0 or since + settings.answerTtlMs <= now then
    table.insert(leaked, name)
    job.known = job.known or {}
    table.insert(job.known, name)
    return
  end
  job.held = job.held or {}
  table.insert(job.held, { monitor = runner.monitor, id = runner.id, body = runner.body, since = since })
end

local function endRow(leg, outcome)
  local row = fleet[leg.monitor]
  if not row then return end
  local out = {}
  for _, other in ipairs(row.out) do
    if other[1] ~= claim.id then table.insert(out, other) end
  end
  row.out = out
  if outcome.state == "taken" then
    row.failures, row.blockedUntil = 0, 0
    if #outcome.runners < leg.runners then row.emptyAt = now end
    table.insert(row.settled, { now, #outcome.runners })
  elseif outcome.cause == "unsent" or outcome.cause == "undecided" then
    row.blockedUntil = math.max(row.blockedUntil, now + settings.unsentBackoffMs)
  else
    row.failures, row.emptyAt = row.failures + 1, now
    local backoffMs = 0
    if row.failures >= 2 then backoffMs = math.min(settings.takeBackoffMaxMs, 1000 * 2 ^ math.min(row.failures - 2, 10)) end
    if outcome.cause == "rejected" then backoffMs = settings.rejectedBackoffMs end
    row.blockedUntil = now + backoffMs
  end
end

local function settleLeg(leg, outcome)
  leg.state = outcome.state
  if outcome.state == "unknown" then
    leg.evidenceAfter = now + outcome.evidenceInMs
    if now < leg.holdUntil then leg.holdUntil = math.max(leg.holdUntil, leg.evidenceAfter + settings.leastEvidenceMs) end
    for _, other in ipairs(fleet[leg.monitor] and fleet[leg.monitor].out or {}) do
      if other[1] == claim.id then other[3] = math.max(other[3], leg.holdUntil + settings.legMemoryMs) end
    end
  else
    endRow(leg, outcome)
  end
  if outcome.cause == "unsent" then leg.unsent = true end
  if outcome.state ~= "refused" or outcome.cause == "not_reserved" then
    job.asked = job.asked or {}
    job.asked[leg.monitor] = claim.at
  end
  for _, runner in ipairs(outcome.runners or {}) do keepOrLeak(runner, claim.at) end
end

for _, outcome in ipairs(settlement.legs) do
  local leg
  for _, other in ipairs(claim and claim.legs or {}) do if other.monitor == outcome.monitor then leg = other end end
  if leg and (leg.state == "pending" or leg.state == "unknown") then
    settleLeg(leg, outcome)
  elseif outcome.state == "taken" then
    for _, runner in ipairs(outcome.runners) do keepOrLeak(runner, now) end
  end
end
for _, runner in ipairs(settlement.found) do keepOrLeak(runner, runner.since) end

if not wasOver then
  if settlement.clearedFor ~= cjson.null then job.clearedFor = settlement.clearedFor end
  dropHeld(job, leaked, now - settings.answerTtlMs)
  local isOpen = job.state == "claimed" and hasOpenLeg(job)
  if neededRunners(job) <= 0 and not isOpen then
    local bodies = {}
    for _, runner in ipairs(job.held) do table.insert(bodies, runner.body) end
    job.state = "taken"
    job.answer = job.count == 1 and bodies[1] or "[" .. table.concat(bodies, ",") .. "]"
    job.answerUntil = heldSince(job) + settings.answerTtlMs
    dropHeld(job, {}, math.huge)
  elseif job.state == "claimed" and not isOpen then
    local wasAsked = false
    for _, leg in ipairs(job.claim.legs) do wasAsked = wasAsked or not leg.unsent end
    if wasAsked and neededRunners(job) >= job.claim.needed then job.refusals = job.refusals + 1 end
    if job.refusals >= settings.maxAttempts then
      job.state = "failed"
      dropHeld(job, leaked, math.huge)
    else
      job.state, job.awake = "queued", job.awakeUntil > now
    end
  end
  if over[job.state] then endJob(job) end
end
saveJob(uniqueId, jobKey, job)
if claim then saveFleet(fleet) end
wake({ uniqueId }, fleet)
local kind = "over"
if job.state == "taken" or job.state == "failed" or job.state == "queued" then kind = job.state end
if job.state == "claimed" then kind = "open" end
return { kind, job.answer or "", listOf(leaked), isReadmitted and 1 or 0 }
