-- The companies on record that filed this filing.
SELECT cik FROM filers WHERE filing = ?1;
