-- saveSnapshot: what one monitor says of this profile, or that it failed to say anything. Older news changes nothing.
-- ARGV  3 monitor  4 askedAt (ms)  5 isFailed ("1" or "0")  6 idle  7 target  8 healthy
--       9 drainedAt  10 drainedUntil (ms): an operator's last word on this monitor, for rows that have not heard it
-- KEYS  + 10 freed  JSON, see freed-rate.ts
-- Returns 1 where somebody wants news of this monitor soon: a job waits, or a claim there is not visible yet; else 0
-- Keeps: a settled claim is subtracted until a snapshot that was asked for after it settled.
local monitor, askedAt, isFailed = ARGV[3], tonumber(ARGV[4]), ARGV[5] == "1"

local fleet = loadFleet()
for name, row in pairs(fleet) do
  if name ~= monitor and row.askedAt + settings.forgetMonitorAfterMs <= now then fleet[name] = nil end
end
local row = fleet[monitor]
  or {
    askedAt = 0, idle = 0, target = 0, healthy = 0, failing = false, out = {}, settled = {},
    emptyAt = 0, failures = 0, blockedUntil = 0, lastTakeAt = 0, drainedAt = 0, drainedUntil = 0,
  }
fleet[monitor] = row
local drainedAt = tonumber(ARGV[9])
if drainedAt > row.drainedAt then row.drainedAt, row.drainedUntil = drainedAt, tonumber(ARGV[10]) end
local freed = 0
if askedAt >= row.askedAt then
  local isComparable = not isFailed and not row.failing and row.askedAt + settings.snapshotFreshMs >= askedAt
  if isComparable and row.drainedUntil <= now then
    freed = tonumber(ARGV[6]) - row.idle
    for _, settled in ipairs(row.settled) do
      if settled[1] < askedAt then freed = freed + settled[2] end
    end
  end
  row.failing = isFailed
  if not isFailed then
    row.askedAt, row.idle, row.target, row.healthy = askedAt, tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
    local invisible = {}
    for _, settled in ipairs(row.settled) do
      if settled[1] >= askedAt then table.insert(invisible, settled) end
    end
    row.settled = invisible
  end
end
saveFleet(fleet)

-- freed-rate.ts
local function isScarce()
  if isPaused() then return false end
  local isFresh = false
  for _, one in pairs(fleet) do
    isFresh = isFresh or not one.failing and one.askedAt + settings.snapshotFreshMs >= now and one.target > 0
  end
  local available = sumAvailable(fleet)
  return isFresh and (available == 0 or wantedRunners(fleet) > available)
end
local rateText = redis.call("GET", KEYS[10])
local rate = rateText and cjson.decode(rateText)
  or { at = 0, isScarce = false, since = 0, scarceMs = 0, freed = 0, scarceMsBefore = 0, freedBefore = 0 }
if rate.isScarce and now - rate.at <= settings.snapshotFreshMs then
  rate.scarceMs, rate.freed = rate.scarceMs + math.max(0, now - rate.at), rate.freed + freed
end
rate.at, rate.isScarce = now, isScarce()
local filledMs = now - rate.since
if filledMs >= settings.freedWindowMs then
  local isLast = filledMs < 2 * settings.freedWindowMs
  rate.scarceMsBefore, rate.freedBefore = isLast and rate.scarceMs or 0, isLast and rate.freed or 0
  rate.since, rate.scarceMs, rate.freed = now, 0, 0
end
redis.call("SET", KEYS[10], cjson.encode(rate), "PX", 3 * settings.freedWindowMs)

wake({}, fleet)
return (redis.call("ZCARD", dueKey) > 0 or #row.out > 0 or #row.settled > 0) and 1 or 0
