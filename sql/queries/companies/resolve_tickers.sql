-- Which company has each of these tickers now (a JSON list), and which had it last. In the list's order.
SELECT
    wanted.value,
    (SELECT l.cik FROM listings AS l WHERE l.ticker = upper(wanted.value) AND l.active = 1),
    (
        SELECT l.cik FROM listings AS l
        WHERE l.ticker = upper(wanted.value) AND l.active = 0
        ORDER BY l.last_seen DESC, l.cik
        LIMIT 1
    )
FROM json_each(?1) AS wanted
ORDER BY wanted.key;
