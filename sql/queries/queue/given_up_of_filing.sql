-- The files of a filing that were given up.
SELECT id, status FROM artifacts WHERE filing = ?1 AND status IN ('unavailable', 'dropped');
