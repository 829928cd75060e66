"""Measures how much of the visible text the extracted text has, and how fast it is extracted.

Compares the words of each HTML document as Chromium renders it (`innerText`) with those of `text --text
plain`, of edgartools and of edgar-crawler. Needs Node with playwright-core, and Chromium. Programs that
are not installed are left out.

Words are separated by white space. These do not count in either text: `$ ( ) %` at the ends of a word,
because this program joins signs in separate cells to their numbers; single letters that are signs in the
font Wingdings; and carets, because this program writes one between a number and its superscript. A word
that occurs twice must be found twice. Speeds are by CPU time.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from measure import ROOT

HERE = Path(__file__).resolve().parent
DATA = ROOT.parent / "shared/data"

# Characters without a glyph, which are not visible. This program omits them.
INVISIBLE = dict.fromkeys([0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF])
# Letters of the font Wingdings and their signs. Chromium's text has the letters.
MARKS = set("☐☒☑✓✗■●▪◆❖➢→") | set("¨oxýþüûnl§uvØà")


def words(text):
    text = text.translate(INVISIBLE).replace("^", "")
    stripped = (word.strip("$()%") for word in text.split())
    return [word for word in stripped if word and word not in MARKS]


def compare(seen, got):
    """The shares of visible words that are lost, of words that are added, and of neighbours that are kept."""
    seen_words, got_words = Counter(seen), Counter(got)
    total = max(1, len(seen))
    lost = (seen_words - got_words).total() / total
    added = (got_words - seen_words).total() / total
    pairs = Counter(zip(seen, seen[1:]))
    split = (pairs - Counter(zip(got, got[1:]))).total() / max(1, len(seen) - 1)
    return lost, added, split


def bodies(folder):
    """Writes the HTML documents of the captures, without wrappers, to a folder."""
    found = []
    texts = [*sorted((DATA / "filings").rglob("*.txt")), *sorted((DATA / "feed").glob("*.nc"))]
    for text in texts:
        content = text.read_bytes()
        for number, part in enumerate(content.split(b"<DOCUMENT>")[1:], 1):
            head, _, rest = part.partition(b"<TEXT>")
            name = head.partition(b"<FILENAME>")[2].split(b"\n")[0].split(b"\r")[0].strip().decode()
            if name.lower().endswith((".htm", ".html")):
                body = rest.rpartition(b"</TEXT>")[0]
                found.append((f"{text.stem}_{number}_{name}", body))
    pages = sorted((DATA / "docs").rglob("*.htm"))
    found += [(f"{page.parent.name}_{page.name}", page.read_bytes()) for page in pages]
    return [written(folder, name, content) for name, content in found]


def written(folder, name, content):
    """Writes a document without its wrappers, which Chromium would show, to a folder."""
    if content.lstrip().startswith(b"<DOCUMENT>"):
        content = content.partition(b"<TEXT>")[2].rpartition(b"</TEXT>")[0]
    inner = content.strip()
    if inner.startswith(b"<XBRL>"):
        content = inner.removeprefix(b"<XBRL>").removesuffix(b"</XBRL>")
    path = folder / name
    path.write_bytes(content)
    return path


def run(command, **options):
    """Runs a program that prints a name and seconds per line."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, **options)
    lines = (line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    return {name: float(seconds) for name, seconds in lines}


def peers(args, paths, folder):
    """The result of each program: name, folder of texts, seconds by document."""
    listed = "\n".join(map(str, paths))
    out = {name: folder / name for name in ("chromium", "ours", "edgartools", "edgar-crawler")}
    for path in out.values():
        path.mkdir()
    node = {**os.environ, "NODE_PATH": str(args.node_modules.resolve())}
    chromium = ["node", str(HERE / "innertext.mjs"), args.chromium, str(out["chromium"])]
    results = {"chromium": run(chromium, input=listed, env=node)}
    ours = ["cargo", "bench", "--quiet", "--bench", "text", "--", "--write", "plain", str(out["ours"])]
    results["ours"] = run([*ours, *map(str, paths)], cwd=ROOT)
    for name in ("edgartools", "edgar-crawler"):
        command = [args.python, str(HERE / "text_peers.py"), name, str(out[name])]
        crawler = {**os.environ, "EDGAR_CRAWLER": str(args.edgar_crawler or "")}
        try:
            results[name] = run(command, input=listed, env=crawler)
        except subprocess.CalledProcessError as error:
            print(f"{name} is left out: {error.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return out, results


def main(args):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        documents = folder / "documents"
        documents.mkdir()
        named = enumerate(args.documents or [], 1)
        paths = [written(documents, f"{number}_{path.name}", path.read_bytes()) for number, path in named]
        paths = paths or bodies(documents)
        out, results = peers(args, paths, folder)
        table(paths, out, results, args.worst)


def table(paths, out, results, worst):
    size = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} documents, {size / 1e6:.0f} MB\n")
    print("| | found, median | worst | added, median | worst | neighbours found, median | MB/s |")
    print("|---|---|---|---|---|---|---|")
    seen = {path.name: words((out["chromium"] / f"{path.name}.txt").read_text()) for path in paths}
    for name, seconds in results.items():
        if name == "chromium":
            continue
        rows = []
        for path in paths:
            text = out[name] / f"{path.name}.txt"
            got = words(text.read_text()) if text.exists() else []
            rows.append((*compare(seen[path.name], got), path.name))
        lost, added, split = ([row[part] for row in rows] for part in range(3))
        median = statistics.median
        print(f"| {name} | {1 - median(lost):.3%} | {1 - max(lost):.2%} | {median(added):.3%} "
              f"| {max(added):.2%} | {1 - median(split):.2%} | {size / 1e6 / sum(seconds.values()):.2f} |")  # fmt: skip
        if name == "ours":
            for by in (0, 1):
                rows.sort(key=lambda row: -row[by])
                for row in rows[:worst]:
                    print(f"  {row[3]}: lost {row[0]:.3%}, added {row[1]:.3%}", file=sys.stderr)

