-- The status of a filing's submission, and the days on which EDGAR did not have it.
SELECT status, missing_days, missing_on FROM submissions WHERE filing = ?1;
