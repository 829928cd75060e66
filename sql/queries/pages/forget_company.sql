-- A company's older pages are to be read again. ?1 and ?2 are the first name that may be one of
-- them and the first that cannot.
DELETE FROM pages_read WHERE name >= ?1 AND name < ?2;
