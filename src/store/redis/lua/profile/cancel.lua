-- cancel: a place is given up. With a ticket also for a job that the store lost, so that no late poll brings it back.
-- ARGV  4 hasTicket ("1" or "0")  5 count  6 repo  7 run  8 place
-- Returns {"cancelled", job, JSON list of leaked runners, isReadmitted: it was not known} | {"over", state} | {"unknown"}
local hasTicket = ARGV[4] == "1"

local job = loadJob(uniqueId, jobText)
local isReadmitted = not job
if hasTicket then
  local ticketPlace = ARGV[8]
  job = job or createJob(ticketPlace, tonumber(ARGV[5]), ARGV[6], ARGV[7])
  if job.place ~= ticketPlace then return { "unknown" } end
end
if not job then return { "unknown" } end
if over[job.state] then return { "over", job.state } end
local leaked = {}
dropHeld(job, leaked, math.huge)
job.state = "cancelled"
if not hasTicket then actor = "operator" end
endJob(job)
saveJob(uniqueId, jobKey, job)
wake({ uniqueId }, loadFleet())
return { "cancelled", cjson.encode(job), #leaked > 0 and cjson.encode(leaked) or "[]", isReadmitted and 1 or 0 }
