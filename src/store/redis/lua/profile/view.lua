-- view: a profile as operators see it. Changes nothing. Costs as much as the jobs that it lists, however long the line is.
-- KEYS  + 10 chart  hash: minute -> "<jobs waiting> <runners idle>"
-- ARGV  4 limit
-- Returns {now, lostAt, paused act or "", fleet or "", jobs waiting, runners wanted, place of the oldest or "", chart fields, then id and job
--   of the first `limit` live jobs in order of place}
local chartKey, limit = KEYS[10], tonumber(ARGV[4])
local wanted, oldest, members = 0, "", {}

-- The first of every need are among the first of all.
local function collect(listKey)
  local from = "-"
  while true do
    local first = redis.call("ZRANGEBYLEX", listKey, from, "+", "LIMIT", 0, 1)[1]
    if not first then return end
    local need = string.sub(first, 1, 4)
    local low, high = "[" .. need .. ":", "(" .. need .. ";"
    wanted = wanted + tonumber(need) * redis.call("ZLEXCOUNT", listKey, low, high)
    for _, member in ipairs(redis.call("ZRANGEBYLEX", listKey, low, high, "LIMIT", 0, limit)) do
      local place, id = string.match(member, "^%d+:(%d+):(.*)$")
      if oldest == "" or place < oldest then oldest = place end
      table.insert(members, { place = place, id = id })
    end
    from = high
  end
end
collect(lineKey)
collect(asideKey)
for _, id in ipairs(redis.call("ZRANGE", claimsKey, 0, -1)) do
  local text = redis.call("GET", jobKey .. id)
  local job = text and cjson.decode(text)
  if job and job.state == "claimed" then table.insert(members, { place = job.place, id = id }) end
end
table.sort(members, function(a, b)
  if a.place ~= b.place then return a.place < b.place end
  return a.id < b.id
end)

local paused = isPaused() and pausedText or ""
local chart = redis.call("HGETALL", chartKey)
local reply = { now, lostAt, paused, fleetText or "", redis.call("ZCARD", dueKey), wanted, oldest, chart }
for i = 1, math.min(limit, #members) do
  local text = redis.call("GET", jobKey .. members[i].id)
  local job = text and cjson.decode(text)
  if job and not (job.goneAt and job.goneAt <= now) then
    table.insert(reply, members[i].id)
    table.insert(reply, text)
  end
end
return reply
