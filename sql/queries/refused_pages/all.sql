-- Every page that was refused lately.
SELECT sha256 FROM refused_pages;
