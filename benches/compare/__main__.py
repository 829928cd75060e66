"""How fast, and at what cost, beside what people use instead. Needs Python 3.11 and Linux.

    cargo build --release
    python3 benches/compare beside --install    the same job beside curl and two Python packages
    python3 benches/compare throughput          files a second from nginx, beside curl

Prints Markdown. `beside.py` and `throughput.py` say what is measured.
"""

import argparse
import sys
from pathlib import Path

import beside
import throughput
from measure import PROGRAM, ROOT

PARTS = {"beside": beside.main, "throughput": throughput.main}


def main():
    parser = argparse.ArgumentParser(
        prog="benches/compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--install", action="store_true", help="install the two Python packages")
    parser.add_argument("--folder", type=Path, metavar="DIR",
                        help="where everything is put [target/compare; /dev/shm/filing-etl for the "
                        "throughput, 3 GB]")  # fmt: skip
    parser.add_argument("--rounds", type=int, metavar="N", default=5)
    args = parser.parse_args()
    usual = Path("/dev/shm/filing-etl") if args.part == "throughput" else ROOT / "target/compare"
    args.folder = (args.folder or usual).resolve()
    if not PROGRAM.exists():
        sys.exit("the program is not built: run `cargo build --release`")
    PARTS[args.part](args)


if __name__ == "__main__":
    main()
