-- What both scripts share: the clock, and how a profile's part is read. It is put in front of each when they are generated.
--
-- KEYS  1 head     hash: epoch "<since, ms>|<run ids>", room, version, place, and the head's documents
--       2 line     3 aside   4 claimed   sorted sets, all scores 0: "<need>:<order>:<unique_id>", so that counting those
--                  ahead of a place is a look-up per need
--       5 due      sorted set: unique_id by when time alone next changes the job
--       6 fleet    hash: "<kind>/<monitor>" -> "<revision> <JSON>"
--       7 changes  sorted set: the same names by the fleet version that last changed them
--       8 job      prefix of the jobs' keys; each is "<revision> <JSON>"
local headKey, lineKey, asideKey, claimedKey, dueKey, fleetKey, changesKey, jobPrefix = unpack(KEYS)

-- ms; tests hand in a clock of their own
local function clock(given)
  if given ~= "0" then return tonumber(given) end
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- need, jobs, need, jobs ... of a list: those before "<order>:<id>", or all.
local function countByNeed(listKey, before)
  local counts, from = {}, "-"
  while true do
    local first = redis.call("ZRANGE", listKey, from, "+", "BYLEX", "LIMIT", 0, 1)[1]
    if not first then return counts end
    local need = string.sub(first, 1, 4)
    local past = "(" .. need .. ";"
    counts[#counts + 1] = tonumber(need)
    counts[#counts + 1] = redis.call("ZLEXCOUNT", listKey, "[" .. need .. ":", before and "(" .. need .. ":" .. before or past)
    from = past
  end
end

-- The first members of every need: among them are the first of all.
local function firstOfEachNeed(listKey, limit, found)
  local from = "-"
  while limit > 0 do
    local first = redis.call("ZRANGE", listKey, from, "+", "BYLEX", "LIMIT", 0, 1)[1]
    if not first then break end
    local past = "(" .. string.sub(first, 1, 4) .. ";"
    for _, member in ipairs(redis.call("ZRANGE", listKey, "[" .. first, past, "BYLEX", "LIMIT", 0, limit)) do
      found[#found + 1] = member
    end
    from = past
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
