-- sweep: what time alone does to a queue, and the claims whose owner died. At most 200 jobs of each a call.
-- ARGV  4 owner (who takes lapsed claims over)
-- Returns {now, lostAt, JSON list of abandoned ids, JSON list of leaked runners, then id and job of every lapsed claim}
-- Keeps: a job is abandoned only after ABANDON_AFTER; a lapsed claim goes to one owner.
local owner, batch = ARGV[4], 200
local abandoned, leaked = {}, {}

for _, id in ipairs(redis.call("ZRANGEBYSCORE", dueKey, "-inf", now, "LIMIT", 0, batch)) do
  local key = jobKey .. id
  local job, wasListedAs = loadJob(id, redis.call("GET", key))
  if not job or job.state ~= "queued" then
    redis.call("ZREM", dueKey, id)
  else
    dropHeld(job, leaked, now - settings.holdTimeoutMs)
    if job.abandonAt <= now then
      dropHeld(job, leaked, math.huge)
      job.state = "abandoned"
      endJob(job)
      table.insert(abandoned, id)
    else
      job.awake = job.awakeUntil > now
    end
    saveJob(id, key, job, wasListedAs)
  end
end

local reply = { now, lostAt, cjson.encode(abandoned), cjson.encode(leaked) }
for _, id in ipairs(redis.call("ZRANGEBYSCORE", claimsKey, "-inf", now, "LIMIT", 0, batch)) do
  local key = jobKey .. id
  local job, wasListedAs = loadJob(id, redis.call("GET", key))
  if not job or not hasOpenLeg(job) then
    redis.call("ZREM", claimsKey, id)
  else
    job.claim.owner, job.claim.leaseUntil = owner, now + settings.claimLeaseMs
    saveJob(id, key, job, wasListedAs)
    table.insert(reply, id)
    table.insert(reply, cjson.encode(job))
  end
end
return reply
