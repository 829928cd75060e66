-- Every selection as users see it. There are few.
SELECT
    id, companies, forms, since, until, artifacts, followed, through, companies_total,
    companies_checked, created_at, sic
FROM v_selections
ORDER BY id;
