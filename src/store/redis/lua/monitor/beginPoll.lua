-- beginPoll: may this instance ask the monitor now? At most one does at a time, at most once per interval.
-- KEYS  1 monitor   hash: nextAskAt, pollId, and the record that all instances share
-- ARGV  1 now (0: Redis's clock)  2 pollId  3 holdMs
-- Returns {"ask", now, record JSON or ""} | {"skip", 0, record JSON or ""}
local monitorKey = KEYS[1]
local now, pollId, holdMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local nextAskAt, currentPollId, record = unpack(redis.call("HMGET", monitorKey, "nextAskAt", "pollId", "record"))
if tonumber(nextAskAt or "0") > now and currentPollId ~= pollId then return { "skip", 0, record or "" } end
redis.call("HSET", monitorKey, "nextAskAt", now + holdMs, "pollId", pollId)
redis.call("PEXPIRE", monitorKey, 3600000)
return { "ask", now, record or "" }
