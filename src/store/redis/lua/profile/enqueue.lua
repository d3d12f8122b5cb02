-- enqueue: a job takes the next place of its profile's line. The same request again gets the same place.
-- KEYS  + 10 place   the last place given
-- ARGV  4 count  5 repo  6 run  7 isFleetKnown ("1" or "0")  8 mostRunnersBefore or ""
-- Returns {"accepted", place, isNew} | {"conflict"} | {"id_used"} | {"unsatisfiable", targets} | {"fleet_unknown"} | {"full"} | {"settling"}
--       | {"too_long", runnersBefore}
-- Keeps: places only grow; one id is one job.
local placeKey = KEYS[10]
local count, repo, run, isFleetKnown = tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7] == "1"

local known = loadJob(uniqueId, jobText)
if known and (not over[known.state] or known.state == "taken") then
  if known.count ~= count or string.lower(known.repo) ~= string.lower(repo) or known.run ~= run then return { "conflict" } end
  if known.state == "taken" and known.answerUntil <= now then return { "id_used" } end
  return { "accepted", known.place, 0 }
end

if known and hasOpenLeg(known) then return { "settling" } end

local targets = targetRunners(loadFleet())
if count > targets then return isFleetKnown and { "unsatisfiable", targets } or { "fleet_unknown" } end
if settings.maxQueueDepth and redis.call("ZCARD", dueKey) >= settings.maxQueueDepth then return { "full" } end

local most = tonumber(ARGV[8])
if most and not isPaused() then
  local fleet = loadFleet()
  local runnersBefore = wantedRunners(fleet) + count - sumAvailable(fleet)
  if runnersBefore > most then return { "too_long", runnersBefore } end
end

local lastPlace = tonumber(redis.call("GET", placeKey) or "0")
local place = string.format("%016.0f", math.max(lastPlace + 1, now * 1000))
redis.call("SET", placeKey, place)
saveJob(uniqueId, jobKey, createJob(place, count, repo, run), true)
return { "accepted", place, 1 }
