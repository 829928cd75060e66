-- Deletes a company's former names before the new list of them is inserted.
DELETE FROM company_names WHERE cik = ?1;
