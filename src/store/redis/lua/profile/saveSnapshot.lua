-- saveSnapshot: what one monitor says of this profile, or that it failed to say anything. Older news changes nothing.
-- ARGV  3 monitor  4 askedAt (ms)  5 isFailed ("1" or "0")  6 idle  7 target  8 healthy
--       9 drainedAt  10 drainedUntil (ms): an operator's last word on this monitor, for rows that have not heard it
-- Returns nothing.
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
if askedAt >= row.askedAt then
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
