-- A file that nothing wants goes from the record.
DELETE FROM artifacts WHERE filing = ?1 AND name = ?2;
