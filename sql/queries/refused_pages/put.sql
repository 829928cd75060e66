-- Records a refused page. If it is on record already, its last day is updated.
INSERT INTO refused_pages (sha256, seen_on) VALUES (?1, ?2)
ON CONFLICT (sha256) DO UPDATE SET seen_on = excluded.seen_on WHERE seen_on <> excluded.seen_on;
