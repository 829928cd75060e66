-- The companies that a selection names, as a JSON list.
UPDATE selections SET ciks = ?2 WHERE id = ?1;
