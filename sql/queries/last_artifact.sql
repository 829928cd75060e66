-- Artifacts up to this one are the backlog; later ones are this run's own.
SELECT coalesce(max(id), 0) FROM artifacts;
