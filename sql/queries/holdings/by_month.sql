-- The filings with IDs above ?1 and up to ?2 by month and form, with the bytes of their files on disk.
-- Each filing and file counts once.
SELECT
    substr(f.filed_on, 1, 7) AS month, f.form, count(*),
    sum((
        SELECT coalesce(sum(a.bytes), 0) FROM artifacts AS a
        WHERE a.filing = f.id AND a.status = 'downloaded'
    ))
FROM filings AS f
WHERE f.id > ?1 AND f.id <= ?2
GROUP BY month, f.form;
