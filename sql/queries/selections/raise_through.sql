-- Moves the `through` of a selection to a later day, never to an earlier one.
UPDATE selections SET through = ?2 WHERE id = ?1 AND coalesce(through, '') < ?2;
