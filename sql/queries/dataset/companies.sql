-- v_companies, all or those in the JSON list ?1.
SELECT
    cik, name, ticker, exchange, active, filings, last_checked_at, sic, industry, state,
    fiscal_year_end, entity_type, ein, etf
FROM v_companies
WHERE ?1 IS NULL OR cik IN (SELECT value FROM json_each(?1))
ORDER BY cik;
