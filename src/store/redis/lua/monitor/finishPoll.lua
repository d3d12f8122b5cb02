-- finishPoll: what came of asking a monitor, for all instances.
-- KEYS  1 monitor
-- ARGV  1 now (0: Redis's clock)  2 askedAt  3 kind (snapshot | redrawing | failed)  4 nextInMs  5 JSON list of profiles it showed
-- Returns the record (JSON)
local monitorKey = KEYS[1]
local now, askedAt, kind, nextInMs = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
if now == 0 then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local text = redis.call("HGET", monitorKey, "record")
local record = text and cjson.decode(text) or { askedAt = 0, answeredAt = 0, failures = 0, profiles = {} }
local isKnown = {}
for _, profileKey in ipairs(record.profiles) do isKnown[profileKey] = true end
for _, profileKey in ipairs(cjson.decode(ARGV[5])) do
  if not isKnown[profileKey] and #record.profiles < 1000 then table.insert(record.profiles, profileKey) end
end
record.failures = kind == "failed" and record.failures + (record.askedAt == askedAt and 0 or 1) or 0
record.askedAt = askedAt
if kind == "snapshot" then record.answeredAt = askedAt end
text = cjson.encode(record)
redis.call("HSET", monitorKey, "record", text, "nextAskAt", now + nextInMs)
redis.call("PEXPIRE", monitorKey, 3600000)
return text
