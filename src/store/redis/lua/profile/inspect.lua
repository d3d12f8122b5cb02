-- inspect: how a job stands. Changes nothing, and is no presence.
-- Returns {"job", job, position or 0, rank, now, lostAt, fleet or "", paused act or ""} | {"unknown"}
local job = loadJob(uniqueId, jobText)
if not job then return { "unknown" } end
local position, rank = 0, 0
if job.state == "queued" then
  local jobsAhead
  jobsAhead, rank = findAhead(job, servableRunners(loadFleet()))
  position = jobsAhead + 1
end
return { "job", cjson.encode(job), position, rank, now, lostAt, fleetText or "", isPaused() and pausedText or "" }
