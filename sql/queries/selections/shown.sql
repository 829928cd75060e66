-- Every selection as users see it, with all its criteria. There are few.
SELECT
    v.id, v.companies, v.forms, v.since, v.until, v.artifacts, v.followed, v.through,
    v.companies_total, v.companies_checked, v.created_at, w.criteria
FROM v_selections AS v
JOIN selections AS w ON w.id = v.id
ORDER BY v.id;
