-- EDGAR describes a page differently than when it was read.
DELETE FROM pages_read
WHERE name = ?1 AND (filings, first_on, last_on) IS NOT (?2, ?3, ?4);
