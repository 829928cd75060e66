-- The profiles of those companies among ?1 (a JSON list) whose submissions were read. A profile is
-- recorded as a whole, so one of its columns tells whether it is there.
SELECT c.cik, c.name, c.sic, c.industry, c.state, c.fiscal_year_end, c.entity_type, c.ein
FROM json_each(?1) AS wanted
CROSS JOIN companies AS c ON c.cik = wanted.value
WHERE c.sic IS NOT NULL;
