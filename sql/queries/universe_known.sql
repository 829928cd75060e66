-- Which incoming companies are known already; the others are additions.
SELECT count(*)
FROM temp.incoming_companies AS i
CROSS JOIN companies AS c ON c.cik = i.cik;
