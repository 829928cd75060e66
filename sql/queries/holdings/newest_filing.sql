-- The number of the filing that was recorded last; 0 without any.
SELECT coalesce(max(id), 0) FROM filings;
