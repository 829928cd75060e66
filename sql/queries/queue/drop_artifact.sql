-- Removes an artifact from the queue.
UPDATE artifacts SET status = 'dropped', queued_by = ?2 WHERE id = ?1;
