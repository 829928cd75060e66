-- Deletes an unwanted file.
DELETE FROM artifacts WHERE filing = ?1 AND name = ?2;
