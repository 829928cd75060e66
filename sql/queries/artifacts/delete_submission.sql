-- Deletes a submission, because the documents of the filing are no longer wanted.
DELETE FROM submissions WHERE filing = ?1;
