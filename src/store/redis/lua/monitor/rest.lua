-- rest: nobody waits for this monitor's runners, or somebody does again: it is asked at a slower pace, or at the usual one.
-- KEYS  1 monitor
-- ARGV  1 now (unused)  2 askedAt (ms): of the poll that found nobody; 0: somebody waits  3 inMs: when to ask next, from the last time on
-- Returns nothing.
-- Keeps: a poll that began since is left alone.
local monitorKey, askedAt, inMs = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local text, resting = unpack(redis.call("HMGET", monitorKey, "record", "resting"))
local record = text and cjson.decode(text)
if not record then return end
if askedAt == 0 and resting ~= "1" then return end
if askedAt ~= 0 and record.askedAt ~= askedAt then return end
redis.call("HSET", monitorKey, "nextAskAt", record.askedAt + inMs, "resting", askedAt == 0 and "0" or "1")
