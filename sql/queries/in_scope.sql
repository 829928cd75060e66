-- Whether company ?3 is one that a run is responsible for: the conditions of scope_fill_named.sql.
SELECT EXISTS (
    SELECT 1
    FROM companies AS c
    WHERE c.cik = ?3
        AND c.active = 1
        AND (
            ?1 IS NULL
            OR EXISTS (
                SELECT 1 FROM listings AS l
                WHERE l.cik = c.cik AND l.active = 1
                    AND l.exchange IN (SELECT value FROM json_each(?1))
            )
        )
        AND (?2 IS NULL OR c.cik IN (SELECT value FROM json_each(?2)))
);
