-- Records a company's profile from its submissions. The name of an active company comes from the
-- SEC's list instead. An unchanged profile writes nothing.
UPDATE companies
SET name = CASE WHEN active = 0 AND ?2 <> '' THEN ?2 ELSE name END,
    sic = ?3, industry = ?4, state = ?5, fiscal_year_end = ?6, entity_type = ?7, ein = ?8
WHERE cik = ?1
    AND (
        (sic, industry, state, fiscal_year_end, entity_type, ein) IS NOT (?3, ?4, ?5, ?6, ?7, ?8)
        OR (active = 0 AND ?2 <> '' AND name <> ?2)
    );
