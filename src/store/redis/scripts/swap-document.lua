-- swapDocument: replaces a document if it still is what was read. Reads it only, where nothing is expected.
-- KEYS  1 document  "<ms when it was written> <text>"
-- ARGV  1 now (0: Redis's clock)  2 "swap" or "read"  3 expected text ("" = none)  4 next ("" = removed)  5 kept for ms ("" = always)
-- Returns {isSwapped, text, written at, now}: what it is now.
local now = clock(ARGV[1])
local writtenAt, text = string.match(redis.call("GET", KEYS[1]) or "0 ", "^(%d+) (.*)$")
if ARGV[2] == "read" or text ~= ARGV[3] then return { 0, text, tonumber(writtenAt), now } end
local document = string.format("%.0f %s", now, ARGV[4])
if ARGV[4] == "" then
  redis.call("DEL", KEYS[1])
elseif ARGV[5] == "" then
  redis.call("SET", KEYS[1], document)
else
  redis.call("SET", KEYS[1], document, "PX", ARGV[5])
end
return { 1, ARGV[4], now, now }
