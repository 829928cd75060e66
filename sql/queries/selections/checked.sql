-- A company was looked at for a selection, as of ?3, when it was known up to the day ?4; it is ?5. Not
-- where the selection is known beyond that day: what came between was not seen.
UPDATE selection_companies
SET checked_at = ?3
WHERE selection = ?1 AND cik = ?2
    AND (checked_at IS NULL OR checked_at NOT BETWEEN ?3 AND ?5)
    AND (SELECT coalesce(through, '') FROM selections WHERE id = ?1) <= ?4;
