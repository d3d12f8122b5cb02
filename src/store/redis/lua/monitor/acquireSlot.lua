-- acquireSlot: one of a monitor's places for takes, over all profiles and instances. Frees itself when its time is over.
-- KEYS  1 slots   sorted set: leg -> until when it may be at work there
-- ARGV  1 now (0: Redis's clock)  2 legKey  3 limit  4 ttlMs
-- Returns 1 or 0
local slotsKey = KEYS[1]
local now, legKey, limit, ttlMs = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local isMine = redis.call("ZSCORE", slotsKey, legKey)
if not isMine and redis.call("ZCOUNT", slotsKey, "(" .. now, "+inf") >= limit then return 0 end
redis.call("ZREMRANGEBYSCORE", slotsKey, "-inf", now)
redis.call("ZADD", slotsKey, now + ttlMs, legKey)
redis.call("PEXPIRE", slotsKey, ttlMs + 60000)
return 1
