-- renew: the owner of a claim still works on it.
-- ARGV  4 claimId  5 owner  6 isClientPresent ("1" or "0": its request is still open, which counts as presence)
-- Returns 1, or 0 where the claim is no longer the owner's.
local claimId, owner, isClientPresent = ARGV[4], ARGV[5], ARGV[6] == "1"

local job = loadJob(uniqueId, jobText)
local claim = job and job.claim
if not claim or claim.id ~= claimId or claim.owner ~= owner or not hasOpenLeg(job) then return 0 end
if isClientPresent and not over[job.state] then
  touch(job, 1)
  job.awake = false
end
claim.leaseUntil = now + settings.claimLeaseMs
saveJob(uniqueId, jobKey, job)
return 1
