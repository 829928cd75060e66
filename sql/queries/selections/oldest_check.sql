-- When the company of a selection that was checked longest ago was checked.
SELECT min(checked_at) FROM selection_companies WHERE selection = ?1;
