-- A page that has not come for a month is no longer on the way.
DELETE FROM refused_pages WHERE seen_on < ?1;
