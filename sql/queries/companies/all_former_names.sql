-- Every former name on record, for a search.
SELECT cik, name, until FROM company_names ORDER BY cik, position;
