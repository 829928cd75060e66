-- The status of a filing's submission.
SELECT status FROM submissions WHERE filing = ?1;
