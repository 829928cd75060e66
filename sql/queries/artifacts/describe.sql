-- Adds a submission's type, sequence and description to a document that was downloaded by itself.
UPDATE artifacts
SET type = coalesce(type, ?2), sequence = coalesce(sequence, ?3),
    description = coalesce(description, ?4)
WHERE id = ?1 AND sequence IS NULL AND ?3 IS NOT NULL;
