-- Widens a selection. Its `through` is kept.
UPDATE selections
SET exchanges = ?2, ciks = ?3, forms = ?4, since = ?5, until = ?6, criteria = ?7
WHERE id = ?1;
