-- What became of a filing's submission, and on which days EDGAR did not have it.
SELECT status, missing_days, missing_on FROM submissions WHERE filing = ?1;
