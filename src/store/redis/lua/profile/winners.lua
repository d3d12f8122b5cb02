-- winners: the jobs whose turn it is. Changes nothing; for waiters whose wake may have been lost.
-- Returns a list of ids.
return findWinners(loadFleet())
