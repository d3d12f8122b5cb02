-- takePlace: one of a monitor's places for takes, over all profiles and instances. It frees itself when its time is over.
-- KEYS  1 places  sorted set: key -> until when it may be at work there   2 fence  ms until which no place is given out
-- ARGV  1 now (0: Redis's clock)  2 key  3 limit  4 kept for ms
-- Returns "taken", "full" or "fenced"
local now, keptForMs = clock(ARGV[1]), tonumber(ARGV[4])
if tonumber(redis.call("GET", KEYS[2]) or "0") > now then return "fenced" end
-- a place that ends later than any can is from before the clock was set back
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
redis.call("ZREMRANGEBYSCORE", KEYS[1], now + 10 * keptForMs, "+inf")
if not redis.call("ZSCORE", KEYS[1], ARGV[2]) and redis.call("ZCARD", KEYS[1]) >= tonumber(ARGV[3]) then return "full" end
redis.call("ZADD", KEYS[1], now + keptForMs, ARGV[2])
redis.call("PEXPIRE", KEYS[1], keptForMs + 60000)
return "taken"
