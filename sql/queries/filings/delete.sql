-- Deletes a filing, after its files, its submission and its filers.
DELETE FROM filings WHERE id = ?1;
