-- Inserts a former name of a company.
INSERT INTO company_names (cik, position, name, since, until) VALUES (?1, ?2, ?3, ?4, ?5);
