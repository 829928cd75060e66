-- The recently refused pages.
SELECT sha256 FROM refused_pages;
