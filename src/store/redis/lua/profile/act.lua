-- act: an operator pauses or drains, or lets things go on.
-- ARGV  4 kind ("pause" or "drain")  5 act (JSON, or "": it ends; of a pause)  6 entry of the history (JSON, without its time)
--       7 drainedAt  8 drainedUntil (ms; of a drain: the monitor's name is uniqueId)
-- Returns nothing.
-- Keeps: no claim is made past an act that was acknowledged.
local kind, act, entry = ARGV[4], ARGV[5], cjson.decode(ARGV[6])
if kind == "pause" then
  if act == "" then
    redis.call("DEL", pausedKey)
  else
    local paused = cjson.decode(act)
    paused.at = now
    redis.call("SET", pausedKey, cjson.encode(paused))
  end
else
  local fleet, drainedAt = loadFleet(), tonumber(ARGV[7])
  local row = fleet[uniqueId]
  if row and drainedAt >= row.drainedAt then
    row.drainedAt, row.drainedUntil = drainedAt, tonumber(ARGV[8])
    saveFleet(fleet)
  end
end
entry.at = now
noteHistory(entry)
pausedText = redis.call("GET", pausedKey)
fleetText = redis.call("GET", fleetKey)
wake({}, loadFleet())
