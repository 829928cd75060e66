-- What a company's submissions say of it. The SEC's list names the companies that are in it. The same as
-- last night writes nothing.
UPDATE companies
SET name = CASE WHEN active = 0 AND ?2 <> '' THEN ?2 ELSE name END,
    sic = ?3, industry = ?4, state = ?5, fiscal_year_end = ?6, entity_type = ?7, ein = ?8
WHERE cik = ?1
    AND (
        (sic, industry, state, fiscal_year_end, entity_type, ein) IS NOT (?3, ?4, ?5, ?6, ?7, ?8)
        OR (active = 0 AND ?2 <> '' AND name <> ?2)
    );
