-- What load and commit share: how a profile's part is read. It is put in front of each when they are generated.
--
-- KEYS  1 head     hash: epoch "<since, ms>|<run ids>", room, version, place, and the head's documents
--       2 line     3 aside   4 claimed   sorted sets, all scores 0: "<need>:<order>:<unique_id>", so that counting those
--                  ahead of a place is a look-up per need
--       5 due      sorted set: unique_id by when time alone next changes the job
--       6 fleet    hash: "<kind>/<monitor>" -> "<revision> <JSON>"
--       7 changes  sorted set: the same names by the fleet version that last changed them
--       8 job      prefix of the jobs' keys; each is "<revision> <JSON>"
local headKey, lineKey, asideKey, claimedKey, dueKey, fleetKey, changesKey, jobPrefix = unpack(KEYS)

-- The needs that a list has, as its members begin.
local function needsOf(listKey)
  local needs, from = {}, "-"
  while true do
    local first = redis.call("ZRANGE", listKey, from, "+", "BYLEX", "LIMIT", 0, 1)[1]
    if not first then return needs end
    needs[#needs + 1] = string.sub(first, 1, 4)
    from = "(" .. needs[#needs] .. ";"
  end
end

-- need, jobs, need, jobs ... of a list: those before "<order>:<id>", or all.
local function countByNeed(listKey, needs, before)
  local counts, past = {}, before and ":" .. before or ";"
  for i, need in ipairs(needs) do
    counts[2 * i - 1] = tonumber(need)
    counts[2 * i] = redis.call("ZLEXCOUNT", listKey, "[" .. need .. ":", "(" .. need .. past)
  end
  return counts
end

-- The first members of every need: among them are the first of all.
local function firstOfEachNeed(listKey, limit, found)
  for _, need in ipairs(limit > 0 and needsOf(listKey) or {}) do
    for _, member in ipairs(redis.call("ZRANGE", listKey, "[" .. need .. ":", "(" .. need .. ";", "BYLEX", "LIMIT", 0, limit)) do
      found[#found + 1] = member
    end
  end
  return found
end

-- id, document, id, document ... of the jobs that there are
local function documentsOf(ids)
  local documents = {}
  for _, id in ipairs(ids) do
    local document = redis.call("GET", jobPrefix .. id)
    if document then
      documents[#documents + 1] = id
      documents[#documents + 1] = document
    end
  end
  return documents
end

local function idsOf(members)
  for i, member in ipairs(members) do members[i] = string.match(member, "^%d+:[^:]*:(.*)$") end
  return members
end
