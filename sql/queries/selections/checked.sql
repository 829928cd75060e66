-- Records that a company was checked for a selection as of ?3, which covers its filings through the
-- day ?4. The current time is ?5. If the selection is known through a later day, nothing is
-- recorded: the days in between were not checked.
UPDATE selection_companies
SET checked_at = ?3
WHERE selection = ?1 AND cik = ?2
    AND (checked_at IS NULL OR checked_at NOT BETWEEN ?3 AND ?5)
    AND (SELECT coalesce(through, '') FROM selections WHERE id = ?1) <= ?4;
