"""Compares speed and cost with other programs. Needs Python 3.11 and Linux.

    cargo build --release
    python3 benches/compare beside --install    the same job with curl and two Python packages
    python3 benches/compare throughput          files a second from nginx, compared with curl
    python3 benches/compare text                the text of documents compared with Chromium's

Prints Markdown. `beside.py`, `throughput.py` and `text.py` describe the measurements.
"""

import argparse
import sys
from pathlib import Path

import beside
import text
import throughput
from measure import PROGRAM, ROOT

PARTS = {"beside": beside.main, "throughput": throughput.main, "text": text.main}


def main():
    parser = argparse.ArgumentParser(
        prog="benches/compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--install", action="store_true", help="install the two Python packages")
    parser.add_argument("--folder", type=Path, metavar="DIR",
                        help="the folder of all files [target/compare; /dev/shm/filing-etl for the "
                        "throughput, 3 GB]")  # fmt: skip
    parser.add_argument("--rounds", type=int, metavar="N", default=5)
    group = parser.add_argument_group("text")
    group.add_argument("--chromium", metavar="PATH", default="/usr/bin/chromium")
    group.add_argument("--node-modules", type=Path, metavar="DIR", default="node_modules",
                       help="the folder of playwright-core")  # fmt: skip
    group.add_argument("--python", metavar="PATH", default=sys.executable,
                       help="a Python with edgartools and the dependencies of edgar-crawler")  # fmt: skip
    group.add_argument("--edgar-crawler", type=Path, metavar="DIR", help="a checkout of it")
    group.add_argument("--documents", type=Path, metavar="FILE", nargs="*",
                       help="HTML documents [all captures]")  # fmt: skip
    group.add_argument("--worst", type=int, metavar="N", default=3, help="the number of worst documents to list")
    args = parser.parse_args()
    usual = Path("/dev/shm/filing-etl") if args.part == "throughput" else ROOT / "target/compare"
    args.folder = (args.folder or usual).resolve()
    if not PROGRAM.exists():
        sys.exit("the program is not built: run `cargo build --release`")
    PARTS[args.part](args)


if __name__ == "__main__":
    main()
