-- A filing goes, once its files, its submission and its filers have gone.
DELETE FROM filings WHERE id = ?1;
