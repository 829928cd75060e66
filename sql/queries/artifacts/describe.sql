-- What a submission says of a document that was stored before by itself.
UPDATE artifacts
SET type = coalesce(type, ?2), sequence = coalesce(sequence, ?3),
    description = coalesce(description, ?4)
WHERE id = ?1 AND sequence IS NULL AND ?3 IS NOT NULL;
