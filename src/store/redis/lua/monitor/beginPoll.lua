-- beginPoll: may this instance ask the monitor now? At most one does at a time, at most once per interval, unless the monitor itself asks for it.
-- KEYS  1 monitor   hash: nextAskAt, begunAt, pollId, resting, and the record that all instances share
-- ARGV  1 now (0: Redis's clock)  2 pollId  3 holdMs  4 isPushed ("1" or "0")
-- Returns {"ask", now, record JSON or "", 0} | {"skip", 0, record JSON or "", isResting}
local monitorKey = KEYS[1]
local now, pollId, holdMs, isPushed = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4] == "1"
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local nextAskAt, currentPollId, record, resting, begunAt =
  unpack(redis.call("HMGET", monitorKey, "nextAskAt", "pollId", "record", "resting", "begunAt"))
-- monitor-book.ts: pushes are heard ten times a second, and not of one that fails
local isHeard = isPushed and tonumber(begunAt or "0") + 100 <= now and (not record or cjson.decode(record).failures == 0)
if tonumber(nextAskAt or "0") > now and currentPollId ~= pollId and not isHeard then
  return { "skip", 0, record or "", resting == "1" and 1 or 0 }
end
redis.call("HSET", monitorKey, "nextAskAt", now + holdMs, "begunAt", now, "pollId", pollId, "resting", "0")
redis.call("PEXPIRE", monitorKey, 3600000)
return { "ask", now, record or "", 0 }
