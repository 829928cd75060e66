-- Records the companies that are no longer followed for a selection, because they left its exchanges before this
-- day. Their filings stay wanted.
INSERT INTO selection_left (selection, cik)
SELECT selection, cik FROM selection_companies WHERE left_on < ?1
ON CONFLICT DO NOTHING;
