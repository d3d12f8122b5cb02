-- commit: writes what operations decided, each part as a whole or not at all, if all that it relied on still holds.
-- KEYS  + 9 history (a stream)  10 prefix of the keys that remember what was written  11 of the hours' counters (hashes)
-- ARGV  1 now (0: Redis's clock)  2 parts, JSON  3 the oldest load that counts, ms  4 entries of the history that are kept
--       5 channel and 6 message for whoever waits ("" = none)  7 names that an hour's counters have at most  8 how long they are kept, ms
-- A part is {id, remembered, loadedAt, epoch, room or "", rank {before, servable, runners, aside} or "", maxWaiting or "",
--       jobs {{id, revision read, document, list and member before, list and member after, due or "", kept for ms or ""} ...},
--       fleet {{name, revision read, document} ...}, head {{field, read, written} ...}, raisesRoom, history {JSON ...}, counts {{hour, name, name where there are too many, by} ...}},
--       or {begins = run ids, epoch}: a new epoch, in which all jobs leave the line.
-- Returns "done", "conflict" or "lost" (another server's memory) for each.
-- Keeps: a part that relies on the room was decided on what those before it do: it falls with them. No part is written twice, and none whose load was of another epoch.
local historyKey, rememberedPrefix, countsPrefix = KEYS[9], KEYS[10], KEYS[11]
local now, maxAge = clock(ARGV[1]), tonumber(ARGV[3])
local lists, runId = { line = lineKey, aside = asideKey, claimed = claimedKey }, string.match(redis.call("INFO", "server"), "run_id:(%x+)")
local function revisionOf(text) return string.match(text or "", "^[^ ]*") end
local function runnersAhead(listKey, rank)
  local runners, counts = 0, countByNeed(listKey, needsOf(listKey), rank.before)
  for i = 1, #counts, 2 do
    if counts[i] <= rank.servable then runners = runners + counts[i] * counts[i + 1] end
  end
  return runners
end

local function holds(part)
  if now - part.loadedAt > maxAge or now < part.loadedAt then return false end
  if part.room ~= "" and part.room ~= (redis.call("HGET", headKey, "room") or "0") then return false end
  for _, job in ipairs(part.jobs) do
    if revisionOf(redis.call("GET", jobPrefix .. job[1])) ~= job[2] then return false end
  end
  for _, document in ipairs(part.fleet) do
    if revisionOf(redis.call("HGET", fleetKey, document[1])) ~= document[2] then return false end
  end
  for _, field in ipairs(part.head) do
    if (redis.call("HGET", headKey, field[1]) or "") ~= field[2] then return false end
  end
  if part.rank ~= "" then
    local aside = part.rank.aside and runnersAhead(asideKey, part.rank) or 0
    if runnersAhead(lineKey, part.rank) + aside > part.rank.runners then return false end
  end
  return part.maxWaiting == "" or redis.call("ZCARD", lineKey) + redis.call("ZCARD", asideKey) <= part.maxWaiting
end

local function writeJob(id, document, listBefore, before, listAfter, after, dueAt, keptForMs)
  if before ~= "" and (before ~= after or listBefore ~= listAfter) then redis.call("ZREM", lists[listBefore], before) end
  if after ~= "" then redis.call("ZADD", lists[listAfter], 0, after) end
  if dueAt == "" then redis.call("ZREM", dueKey, id) else redis.call("ZADD", dueKey, dueAt, id) end
  if document == "" then return redis.call("DEL", jobPrefix .. id) end
  redis.call("SET", jobPrefix .. id, document)
  if keptForMs ~= "" then redis.call("PEXPIRE", jobPrefix .. id, keptForMs) end
end

local function write(part)
  for _, job in ipairs(part.jobs) do writeJob(job[1], unpack(job, 3)) end
  for _, document in ipairs(part.fleet) do
    if document[3] == "" then redis.call("HDEL", fleetKey, document[1]) else redis.call("HSET", fleetKey, document[1], document[3]) end
    redis.call("ZADD", changesKey, redis.call("HINCRBY", headKey, "version", 1), document[1])
  end
  for _, field in ipairs(part.head) do redis.call("HSET", headKey, field[1], field[3]) end
  if part.raisesRoom then redis.call("HINCRBY", headKey, "room", 1) end
  for _, entry in ipairs(part.history) do redis.call("XADD", historyKey, "MAXLEN", "~", ARGV[4], "*", "e", entry) end
  for _, count in ipairs(part.counts) do
    local key = countsPrefix .. count[1]
    local isKept = redis.call("HEXISTS", key, count[2]) == 1 or redis.call("HLEN", key) < tonumber(ARGV[7])
    redis.call("HINCRBY", key, isKept and count[2] or count[3], count[4])
    redis.call("PEXPIRE", key, ARGV[8])
  end
  if part.remembered then redis.call("SET", rememberedPrefix .. part.id, 1, "PX", 60000) end
end

local function beginEpoch(part)
  redis.call("HSET", headKey, "epoch", string.format("%.0f|%s,%s", now, runId, part.begins))
  redis.call("HINCRBY", headKey, "room", 1)
  redis.call("ZUNIONSTORE", asideKey, 2, asideKey, lineKey)
  redis.call("DEL", lineKey)
end

local results, isWritten, hasConflict = {}, false, false
for i, part in ipairs(cjson.decode(ARGV[2])) do
  local epoch = redis.call("HGET", headKey, "epoch") or ""
  results[i] = "conflict"
  if part.remembered and redis.call("EXISTS", rememberedPrefix .. part.id) == 1 then
    results[i] = "done"
  elseif part.begins and part.epoch == epoch then
    beginEpoch(part)
    results[i] = "done"
  elseif part.epoch == epoch and not string.find(epoch, runId, 1, true) then
    results[i] = "lost"
  elseif part.epoch == epoch and not (hasConflict and part.room ~= "") and holds(part) then
    write(part)
    results[i], isWritten = "done", true
  end
  hasConflict = hasConflict or results[i] ~= "done"
end
-- pcall: a user without the right to publish still has a queue, only a slower one
if isWritten and ARGV[6] ~= "" then redis.pcall("PUBLISH", ARGV[5], ARGV[6]) end
return results
