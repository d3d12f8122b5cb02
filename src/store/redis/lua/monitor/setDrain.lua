-- setDrain: an operator's word on a monitor becomes the last one. Words that cross get times of their own, so that all rows agree on which was last.
-- KEYS  1 drain   the last word, JSON
-- ARGV  1 now (0: Redis's clock)  2 act (JSON; its time is set here)  3 kind ("begin" or "end": then it is over at once)
-- Returns the act as it was kept.
local drainKey = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local known = redis.call("GET", drainKey)
local act = cjson.decode(ARGV[2])
act.at = math.max(now, known and cjson.decode(known).at + 1 or 0)
if ARGV[3] == "end" then act["until"] = now end
local text = cjson.encode(act)
redis.call("SET", drainKey, text)
return text
