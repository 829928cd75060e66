-- A run hands out by itself what was queued before it: it is not met again in the queue.
UPDATE submissions SET queued_by = ?2 WHERE filing = ?1;
