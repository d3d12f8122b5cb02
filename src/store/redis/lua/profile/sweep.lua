-- sweep: what time alone does to a queue, and the claims whose owner died. At most 200 jobs of each a call.
-- ARGV  4 owner (who takes lapsed claims over)
-- KEYS  + 10 chart  hash: minute -> "<jobs waiting> <runners idle>"  + 11 freed  JSON, see freed-rate.ts
-- Returns {now, lostAt, JSON list of leaked runners, freed rate or "", isMore, number of abandoned jobs, then id and job of each, then of every lapsed claim}
-- Keeps: a job is abandoned only after ABANDON_AFTER; a lapsed claim goes to one owner.
local chartKey, owner, batch = KEYS[10], ARGV[4], 200
local abandoned, lapsed, leaked = {}, {}, {}

local due = redis.call("ZRANGEBYSCORE", dueKey, "-inf", now, "LIMIT", 0, batch)
for _, id in ipairs(due) do
  local key = jobKey .. id
  local job = loadJob(id, redis.call("GET", key))
  if not job or job.state ~= "queued" then
    redis.call("ZREM", dueKey, id)
  else
    dropHeld(job, leaked, now - settings.holdTimeoutMs)
    if job.abandonAt <= now then
      dropHeld(job, leaked, math.huge)
      job.state = "abandoned"
      endJob(job)
      table.insert(abandoned, { id, job })
    else
      job.awake = job.awakeUntil > now
    end
    saveJob(id, key, job)
  end
end

for _, id in ipairs(redis.call("ZRANGEBYSCORE", claimsKey, "-inf", now, "LIMIT", 0, batch)) do
  local key = jobKey .. id
  local job = loadJob(id, redis.call("GET", key))
  if not job or not hasOpenLeg(job) then
    redis.call("ZREM", claimsKey, id)
  else
    job.claim.owner, job.claim.leaseUntil = owner, now + settings.claimLeaseMs
    saveJob(id, key, job)
    table.insert(lapsed, { id, job })
  end
end

local gone = {}
for _, one in ipairs(abandoned) do table.insert(gone, one[1]) end
wake(gone, loadFleet())

-- One sample a minute for the chart of the last hour.
local minute = math.floor(now / 60000)
if redis.call("HEXISTS", chartKey, minute) == 0 then
  local idle = 0
  for _, row in pairs(loadFleet()) do
    if not row.failing and row.askedAt + settings.snapshotFreshMs >= now then idle = idle + row.idle end
  end
  redis.call("HSET", chartKey, minute, redis.call("ZCARD", dueKey) .. " " .. idle)
  for _, known in ipairs(redis.call("HKEYS", chartKey)) do
    if tonumber(known) <= minute - 60 then redis.call("HDEL", chartKey, known) end
  end
  redis.call("PEXPIRE", chartKey, 3660000)
end

local reply = { now, lostAt, #leaked > 0 and cjson.encode(leaked) or "[]", redis.call("GET", KEYS[11]) or "", #due == batch and 1 or 0, #abandoned }
for _, list in ipairs({ abandoned, lapsed }) do
  for _, one in ipairs(list) do
    table.insert(reply, one[1])
    table.insert(reply, cjson.encode(one[2]))
  end
end
return reply
