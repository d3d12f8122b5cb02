-- inspect: how a job stands. Changes nothing, and is no presence.
-- Returns {"job", job, position or 0, now} | {"unknown"}
local job = loadJob(uniqueId, jobText)
if not job then return { "unknown" } end
local position = 0
if job.state == "queued" then position = findAhead(job, servableRunners(loadFleet())) + 1 end
return { "job", cjson.encode(job), position, now }
