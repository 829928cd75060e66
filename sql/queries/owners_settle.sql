-- Moves all recent owners to the settled ones, in the order of both: a page takes several of them.
INSERT INTO owners_settled (accession, cik)
SELECT accession, cik FROM owners_recent ORDER BY accession, cik;
