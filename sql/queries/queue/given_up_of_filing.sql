-- The files of a filing that are unavailable or dropped.
SELECT id, status FROM artifacts WHERE filing = ?1 AND status IN ('unavailable', 'dropped');
