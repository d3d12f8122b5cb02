-- hangUp: a held request ended before its time. Its job is due to be polled at once, as after an enqueue.
-- ARGV  4 holder
-- Returns nothing.
-- Keeps: a job for which another request spoke since stays as it is. Requests that still are held for it declare themselves anew.
local job = loadJob(uniqueId, jobText)
if job and job.holder == ARGV[4] and not over[job.state] then
  job.touchedAt = now
  job.awakeUntil = now + 1000 + settings.presenceGraceMs
  job.abandonAt = now + settings.abandonAfterMs
  saveJob(uniqueId, jobKey, job)
  wake({ uniqueId }, loadFleet())
end
