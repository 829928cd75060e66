-- A page is there again.
DELETE FROM pages_missing WHERE name = ?1;
