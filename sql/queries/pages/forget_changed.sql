-- Deletes the readings of a page that EDGAR describes differently now.
DELETE FROM pages_read
WHERE name = ?1 AND (filings, first_on, last_on) IS NOT (?2, ?3, ?4);
