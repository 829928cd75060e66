-- Filings that a daily index lists and the submissions of their filer do not.
SELECT accession, cik, form, filed_on, listed_on, first_seen, status
FROM listed_filings
ORDER BY accession, cik;
