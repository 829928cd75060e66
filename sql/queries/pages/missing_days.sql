-- On how many days before ?5 EDGAR did not have a page, described as now.
SELECT days - (missing_on = ?5)
FROM pages_missing
WHERE name = ?1 AND filings = ?2 AND first_on = ?3 AND last_on = ?4;
