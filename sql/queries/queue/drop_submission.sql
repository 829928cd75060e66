-- Removes a submission from the queue.
UPDATE submissions SET status = 'dropped', queued_by = ?2 WHERE filing = ?1;
