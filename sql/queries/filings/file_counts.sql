-- How many files a filing has by status, with their bytes; a submission that is not split counts as
-- one.
SELECT status, count(*), sum(bytes) FROM artifacts WHERE filing = ?1 GROUP BY status
UNION ALL
SELECT status, 1, NULL FROM submissions WHERE filing = ?1 AND status <> 'split';
