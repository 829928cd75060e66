"""Extracts the text of documents with edgartools or edgar-crawler.

    python3 text_peers.py edgartools|edgar-crawler OUT < LIST

Files and output are those of `innertext.mjs`. A document without a text has no file. The environment
variable EDGAR_CRAWLER is the path of a checkout of edgar-crawler.
"""

import os
import sys
import time
from pathlib import Path


def edgartools():
    from edgar.documents import parse_html

    return lambda html: parse_html(html).text()


def edgar_crawler():
    checkout = os.environ["EDGAR_CRAWLER"]
    sys.path.insert(0, checkout)
    os.chdir(checkout)
    from bs4 import BeautifulSoup
    from extract_items import ExtractItems

    extract = ExtractItems(False, [], True, "", "", False)

    def text(html):
        # The steps of `extract_items` before its search for items.
        report = BeautifulSoup(html, "lxml")
        is_html = bool(report.find("td") and report.find("tr"))
        report = extract.handle_spans(report if is_html else html, is_html=is_html)
        return extract.clean_text(extract.strip_html(str(report)))

    return text


def main():
    which, out = sys.argv[1], Path(sys.argv[2]).resolve()
    paths = [Path(line) for line in sys.stdin.read().splitlines() if line]
    text = {"edgartools": edgartools, "edgar-crawler": edgar_crawler}[which]()
    for path in paths:
        html = path.read_text(encoding="utf-8", errors="backslashreplace")
        began = time.process_time()
        try:
            made = text(html)
        except Exception as error:  # noqa: BLE001 - whatever a peer fails with, the next document is tried
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        (out / f"{path.name}.txt").write_text(made)
        print(f"{path.name}\t{time.process_time() - began}")


main()
