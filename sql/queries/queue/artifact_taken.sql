-- A run hands out by itself what was queued before it: it is not met again in the queue.
UPDATE artifacts SET queued_by = ?2 WHERE id = ?1;
