-- Redis's clock, ms; tests hand in one of their own. It is put in front of each script when they are generated.
local function clock(given)
  if given ~= "0" then return tonumber(given) end
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
