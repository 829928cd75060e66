"""Runs one of the Python packages in its own environment: see `beside.py`.

    drive.py PACKAGE primary|submission URL FOLDER SINCE UNTIL FORM,FORM CIK...
"""

import os
import socket
import sys
from pathlib import Path


def main(package, artifacts, url, folder, since, until, forms, *ciks):
    stay_on_loopback()
    run = {"sec-edgar-downloader": sec_edgar_downloader, "edgartools": edgartools}[package]
    run(artifacts == "primary", url, Path(folder), since, until, forms.split(","), ciks)


def stay_on_loopback():
    """Refuses connections to other machines."""
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_look_up(host, *args, **kwargs):
        if host not in ("127.0.0.1", b"127.0.0.1"):
            raise OSError(f"refused: {host} is not this machine")
        return look_up(host, *args, **kwargs)

    def guarded_connect(self, address):
        if self.family != socket.AF_UNIX and address[0] != "127.0.0.1":
            raise OSError(f"refused: {address} is not this machine")
        return connect(self, address)

    socket.getaddrinfo = guarded_look_up
    socket.socket.connect = guarded_connect


def sec_edgar_downloader(primary, url, folder, since, until, forms, ciks):
    """It always downloads the complete submission; `download_details` adds the primary document."""
    from sec_edgar_downloader import Downloader, _orchestrator, _sec_gateway

    # Its addresses are constants.
    for module in (_orchestrator, _sec_gateway):
        for name, value in list(vars(module).items()):
            if name.startswith("URL_"):
                for host in ("https://www.sec.gov", "https://data.sec.gov"):
                    value = value.replace(host, url)
                setattr(module, name, value)

    downloader = Downloader("Bench", "bench@example.com", folder)
    for cik in ciks:
        for form in forms:
            downloader.get(form, cik, after=since, before=until, download_details=primary)


def edgartools(primary, url, folder, since, until, forms, ciks):
    """`html()` extracts the primary document from the complete submission."""
    # Its addresses are settings.
    os.environ.update(
        EDGAR_BASE_URL=url,
        EDGAR_DATA_URL=url,
        EDGAR_XBRL_URL=url,
        EDGAR_IDENTITY="Bench bench@example.com",
        EDGAR_LOCAL_DATA_DIR=str(folder / "cache"),
    )
    (folder / "cache").mkdir()
    from edgar import Company

    for cik in ciks:
        company = Company(int(cik))
        dates = f"{since}:{until}"
        for filing in company.get_filings(form=forms, amendments=False, filing_date=dates):
            text = filing.html() if primary else filing.full_text_submission()
            path = folder / "files" / cik / filing.accession_no
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or "", newline="")


if __name__ == "__main__":
    main(*sys.argv[1:])
