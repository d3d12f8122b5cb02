-- load: what operations need of one profile, read in one step. Writes nothing but places that are asked for, and drops due times of no job.
-- ARGV  1 now (0: Redis's clock)  2 epoch and 3 version of the fleet held  4 front  5 due  6 how far ahead (ms) a due time can lie  7 listed  8 absent
--       9 places  10 sizes ("1")  11 figures ("1")  12 age of the epoch up to which those aside count, ms  13 flows ("1"); then uniqueId and order of each job
-- Returns {now, epoch, room, version, {paused, silence, freedRate, chart, virtualTime, flows}, isWhole, {name, document ...}, {document, counts
--       ahead, counts aside, ...}, {member ...}, {id, document ...} due, listed, absent, place, {counts of each list}}
local now = clock(ARGV[1])
local epoch, room, version, place, paused, silence, virtualTime =
  unpack(redis.call("HMGET", headKey, "epoch", "room", "version", "place", "paused", "silence", "virtualTime"))
local since = tonumber(string.match(epoch or "", "^%d+") or "0")
version = tonumber(version or "0")
local freedRate, chart = unpack(ARGV[11] == "1" and redis.call("HMGET", headKey, "freedRate", "chart") or {})
local flows = ARGV[13] == "1" and redis.call("HGET", headKey, "flows") or ""

local isWhole = (epoch or "") ~= ARGV[2]
local fleet = {}
if isWhole then
  fleet = redis.call("HGETALL", fleetKey)
elseif version > tonumber(ARGV[3]) then
  for _, name in ipairs(redis.call("ZRANGE", changesKey, "(" .. ARGV[3], "+inf", "BYSCORE")) do
    fleet[#fleet + 1] = name
    fleet[#fleet + 1] = redis.call("HGET", fleetKey, name) or ""
  end
end

local jobs, documents, countsAside = {}, {}, now - since < tonumber(ARGV[12])
for i = 14, #ARGV, 2 do documents[#documents + 1] = jobPrefix .. ARGV[i] end
if #documents > 0 then documents = redis.call("MGET", unpack(documents)) end
local inLine, aside = #documents > 0 and needsOf(lineKey), countsAside and #documents > 0 and needsOf(asideKey)
for i = 14, #ARGV, 2 do
  local before = ARGV[i + 1] ~= "" and ARGV[i + 1] .. ":" .. ARGV[i]
  jobs[#jobs + 1] = documents[(i - 12) / 2] or ""
  jobs[#jobs + 1] = before and countByNeed(lineKey, inLine, before) or {}
  jobs[#jobs + 1] = before and aside and countByNeed(asideKey, aside, before) or {}
end

local function dueBetween(from, to) return redis.call("ZRANGE", dueKey, from, to, "BYSCORE", "LIMIT", 0, ARGV[5]) end
local due = ARGV[5] ~= "0" and dueBetween("-inf", now) or {}
for _, id in ipairs(ARGV[5] ~= "0" and dueBetween(now + tonumber(ARGV[6]), "+inf") or {}) do due[#due + 1] = id end
for _, id in ipairs(due) do
  if redis.call("EXISTS", jobPrefix .. id) == 0 then redis.call("ZREM", dueKey, id) end
end

local listed, lists = {}, { lineKey, asideKey, claimedKey }
for _, listKey in ipairs(lists) do firstOfEachNeed(listKey, tonumber(ARGV[7]), listed) end
local absent = firstOfEachNeed(asideKey, tonumber(ARGV[8]), {})

local firstPlace = "0"
if ARGV[9] ~= "0" then
  local first = math.max(tonumber(place or "0") + 1, now * 1000, since * 1000 + 1)
  firstPlace = string.format("%.0f", first)
  redis.call("HSET", headKey, "place", string.format("%.0f", first + tonumber(ARGV[9]) - 1))
end

local sizes = {}
for i, listKey in ipairs(ARGV[10] == "1" and lists or {}) do sizes[i] = countByNeed(listKey, needsOf(listKey)) end
return {
  now, epoch or "", room or "0", version, { paused or "", silence or "", freedRate or "", chart or "", virtualTime or "", flows },
  isWhole and 1 or 0, fleet, jobs, firstOfEachNeed(lineKey, tonumber(ARGV[4]), {}), documentsOf(due), documentsOf(idsOf(listed)),
  documentsOf(idsOf(absent)), firstPlace, sizes,
}
