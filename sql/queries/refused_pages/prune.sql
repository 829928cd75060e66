-- Deletes the pages that have not come for a month.
DELETE FROM refused_pages WHERE seen_on < ?1;
