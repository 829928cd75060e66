-- Deletes the missing days of a company's older pages, so that they are requested again. ?1 is the first
-- possible name of such a page, ?2 the first name after them.
DELETE FROM pages_missing WHERE name >= ?1 AND name < ?2;
