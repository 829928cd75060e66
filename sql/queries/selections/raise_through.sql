-- A selection is known up to this day; it never goes back.
UPDATE selections SET through = ?2 WHERE id = ?1 AND coalesce(through, '') < ?2;
