-- Deletes a selection. The rows of its companies are deleted with it.
DELETE FROM selections WHERE id = ?1;
