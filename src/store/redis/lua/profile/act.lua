-- act: an operator pauses or drains, or lets things go on.
-- ARGV  4 kind ("pause" or "drain")  5 act (JSON, or "": it ends)  6 entry of the history (JSON, without its time)
--       7 drainedUntil (ms; of a drain: the monitor's name is uniqueId)
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
  local fleet = loadFleet()
  if fleet[uniqueId] then
    fleet[uniqueId].drainedUntil = tonumber(ARGV[7])
    saveFleet(fleet)
  end
end
entry.at = now
noteHistory(entry)
