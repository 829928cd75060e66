-- Companies that are followed for a selection no more, because they left its exchanges before this day:
-- what they filed stays wanted.
INSERT INTO selection_left (selection, cik)
SELECT selection, cik FROM selection_companies WHERE left_on < ?1
ON CONFLICT DO NOTHING;
