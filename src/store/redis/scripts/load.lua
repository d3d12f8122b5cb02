-- load: what operations need of one profile, read in one step. Writes nothing but places that are asked for, and drops due times of no job.
-- ARGV  1 now (0: Redis's clock)  2 epoch and 3 version of the fleet that the caller holds  4 front  5 due  6 how far ahead
--       (ms) a due time can lie  7 listed  8 absent  9 places  10 sizes ("1")  11 figures ("1")
--       12 those aside are counted while the epoch is younger than this, ms; then uniqueId and order ("" = none) of each job
-- Returns {now, epoch, room, version, {paused, silence, freedRate, chart}, isWhole, {name, document ...}, {document, counts
--       ahead, counts aside, ...}, {member ...}, {id, document ...} due, listed, absent, place, {counts of each list}}
local now = clock(ARGV[1])
local epoch, room, version, place, paused, silence =
  unpack(redis.call("HMGET", headKey, "epoch", "room", "version", "place", "paused", "silence"))
local since = tonumber(string.match(epoch or "", "^%d+") or "0")
version = tonumber(version or "0")
local freedRate, chart = false, false
if ARGV[11] == "1" then freedRate, chart = unpack(redis.call("HMGET", headKey, "freedRate", "chart")) end

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

local jobs, countsAside = {}, now - since < tonumber(ARGV[12])
for i = 13, #ARGV, 2 do
  local id, order = ARGV[i], ARGV[i + 1]
  jobs[#jobs + 1] = redis.call("GET", jobPrefix .. id) or ""
  local before = order ~= "" and order .. ":" .. id
  jobs[#jobs + 1] = before and countByNeed(lineKey, before) or {}
  jobs[#jobs + 1] = before and countsAside and countByNeed(asideKey, before) or {}
end

local due, limit = {}, tonumber(ARGV[5])
if limit > 0 then
  due = redis.call("ZRANGE", dueKey, "-inf", now, "BYSCORE", "LIMIT", 0, limit)
  for _, id in ipairs(redis.call("ZRANGE", dueKey, now + tonumber(ARGV[6]), "+inf", "BYSCORE", "LIMIT", 0, limit)) do
    due[#due + 1] = id
  end
end
for _, id in ipairs(due) do
  if redis.call("EXISTS", jobPrefix .. id) == 0 then redis.call("ZREM", dueKey, id) end
end

local listed = {}
for _, listKey in ipairs({ lineKey, asideKey, claimedKey }) do firstOfEachNeed(listKey, tonumber(ARGV[7]), listed) end
local absent = firstOfEachNeed(asideKey, tonumber(ARGV[8]), {})

local firstPlace = "0"
if ARGV[9] ~= "0" then
  local first = math.max(tonumber(place or "0") + 1, now * 1000, since * 1000 + 1)
  firstPlace = string.format("%.0f", first)
  redis.call("HSET", headKey, "place", string.format("%.0f", first + tonumber(ARGV[9]) - 1))
end

local sizes = {}
if ARGV[10] == "1" then sizes = { countByNeed(lineKey), countByNeed(asideKey), countByNeed(claimedKey) } end
return {
  now, epoch or "", room or "0", version, { paused or "", silence or "", freedRate or "", chart or "" },
  isWhole and 1 or 0, fleet, jobs, firstOfEachNeed(lineKey, tonumber(ARGV[4]), {}), documentsOf(due), documentsOf(idsOf(listed)),
  documentsOf(idsOf(absent)), firstPlace, sizes,
}
