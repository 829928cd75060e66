-- Companies the list does not have any more: kept with their filings, but not asked for again.
UPDATE companies SET active = 0
WHERE active = 1 AND cik NOT IN (SELECT cik FROM temp.incoming_companies)
RETURNING cik;
