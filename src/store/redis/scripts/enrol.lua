-- enrol: puts a name on a roll for a while, unless so many others are on it. Without a name it only counts.
-- KEYS  1 roll  sorted set: name -> ms until which it counts
-- ARGV  1 now (0: Redis's clock)  2 name ("" = none)  3 limit  4 kept for ms
-- Returns {"added", "known" (it counts anew) or "full", how many are on the roll}
local now, name, keptForMs = clock(ARGV[1]), ARGV[2], tonumber(ARGV[4])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
local count, isKnown = redis.call("ZCARD", KEYS[1]), redis.call("ZSCORE", KEYS[1], name)
if name == "" or not isKnown and count >= tonumber(ARGV[3]) then return { "full", count } end
redis.call("ZADD", KEYS[1], now + keptForMs, name)
if redis.call("PTTL", KEYS[1]) < keptForMs then redis.call("PEXPIRE", KEYS[1], keptForMs) end
return { isKnown and "known" or "added", isKnown and count or count + 1 }
