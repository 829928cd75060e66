-- The number and bytes of a filing's files by status. A submission that is not split counts as one
-- file.
SELECT status, count(*), sum(bytes) FROM artifacts WHERE filing = ?1 GROUP BY status
UNION ALL
SELECT status, 1, NULL FROM submissions WHERE filing = ?1 AND status <> 'split';
