"""Runs the same job on the same simulated EDGAR with this program and with others.

The job: the 10-K and 10-Q filings of three years of 20 companies, once as primary documents and
once as complete submission texts. EDGAR is `filing-etl sim`, with a round trip of 60 ms and the
limit of 10 requests a second. It blocks a client that exceeds the limit for ten minutes. Each program
gets its own simulator with the same seed, and an empty folder; the rounds alternate between them. A
program that is blocked runs the job again without blocks, to show its speed: `(no blocks)`.

The simulator counts the requests and their maximum in any second. Files are counted on disk; `exact`
are those with exactly the bytes that EDGAR serves.

curl cannot discover filings, so it gets the list of URLs. The two Python packages run as documented, one
company after another, with their default limits (10 and 9 requests a second). No request leaves the
machine: see `drive.py`.
"""

import hashlib
import json
import sqlite3
import statistics
import subprocess
import sys
import urllib.request
from collections import defaultdict
from pathlib import Path

from measure import MAIL, Simulator, call, curl, filing_etl, fresh, machine, need

PACKAGES = {"sec-edgar-downloader": "5.1.0", "edgartools": "5.62.0"}
FORMS = ["10-K", "10-Q"]
SINCE, UNTIL = "2022-07-01", "2025-06-30"
EDGAR = ["--companies=60", f"--today={UNTIL}"]
LATENCY, LIMIT = "--latency=60ms", "--rate-limit=10"
# The job has the first companies with filings of these forms.
COMPANIES = 20


def main(args):
    need("curl", "curl")
    prepare(args)
    print(f"{machine()}. Medians of {args.rounds}.")
    for artifacts in ("primary", "submission"):
        job = Job(artifacts, args.folder)
        runs = defaultdict(list)
        for _ in range(args.rounds):
            for name in PROGRAMS:
                took = run(name, job, LATENCY, LIMIT)
                runs[name].append(took)
                if took["blocked"]:
                    runs[f"{name} (no blocks)"].append(run(name, job, LATENCY))
        report(job, runs)


def prepare(args):
    """Installs the packages with --install. Without it, ends with a hint if they are missing."""
    venv = args.folder / "venv"
    wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
    if (venv / "complete").exists():
        return
    if not args.install:
        sys.exit(f"{' and '.join(wanted)} of the Python package index are missing: run this again "
                 f"with --install to put them into {venv}")  # fmt: skip
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "--quiet", *wanted], check=True)
    (venv / "complete").touch()


# --- The programs -----------------------------------------------------------------------------


def this_program(job, url, folder):
    return filing_etl(url, folder) + [
        "backfill", "--exchange=all", f"--artifacts={job.artifacts}", f"--since={SINCE}",
        f"--until={UNTIL}", "--no-amendments", *(f"--form={form}" for form in FORMS),
        *(f"--cik={cik}" for cik in job.ciks),
    ]  # fmt: skip


def curl_parallel(job, url, folder):
    """curl has no limit for parallel transfers."""
    return [*curl(url, job.paths, folder), "--parallel", "--parallel-max", "10"]


def curl_rate(job, url, folder):
    """Sequential transfers, because `--rate` does not work with parallel ones."""
    return [*curl(url, job.paths, folder), "--rate", "9/s"]


def python(package):
    def command(job, url, folder):
        drive = Path(__file__).with_name("drive.py")
        return [str(job.folder / "venv/bin/python"), str(drive), package, job.artifacts, url,
                str(folder), SINCE, UNTIL, ",".join(FORMS), *map(str, job.ciks)]  # fmt: skip

    return command


PROGRAMS = {
    "filing-etl": this_program,
    "curl --parallel": curl_parallel,
    "curl --rate 9/s": curl_rate,
    "sec-edgar-downloader": python("sec-edgar-downloader"),
    "edgartools": python("edgartools"),
}

# The folders of their downloads. Other folders have lists, caches and databases.
RESULTS = ["filings", "Archives", "sec-edgar-filings", "files"]


# --- The job ----------------------------------------------------------------------------------


class Job:
    """The files of the job and their content."""

    def __init__(self, artifacts, folder):
        self.artifacts, self.folder, self.ciks = artifacts, folder, []
        with Simulator(*EDGAR) as url:
            found = self.discover(url, "SELECT DISTINCT cik FROM v_filings ORDER BY cik")
            self.ciks = [cik for (cik,) in found[:COMPANIES]]
            found = self.discover(url, "SELECT url FROM v_artifacts ORDER BY cik, accession")
            self.paths = ["/" + address.split("/", 3)[3] for (address,) in found]
            self.hashes = {hash_of(fetch(url + path)) for path in self.paths}

    def discover(self, url, query):
        """The filings in the database after a discovery."""
        scratch = fresh(self.folder / "scratch")
        call([*this_program(self, url, scratch), "--rate=none", "--no-download"], scratch)
        return sqlite3.connect(scratch / "filings.db").execute(query).fetchall()

    def count(self, folder):
        """The number of files of the job on disk, and how many of them are byte for byte right."""
        files = [
            path
            for result in RESULTS
            for path in (folder / result).rglob("*")
            if path.is_file()
            and path.stat().st_size > 0
            # A submission that is downloaded with a primary document is not part of the job.
            and (self.artifacts == "submission" or path.name != "full-submission.txt")
        ]
        return len(files), sum(hash_of(path.read_bytes()) in self.hashes for path in files)


def fetch(url):
    request = urllib.request.Request(url, headers={"User-Agent": MAIL})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def hash_of(content):
    return hashlib.sha256(content).digest()


def run(name, job, *manners):
    """Runs the job once with one program."""
    folder = fresh(job.folder / "scratch")
    with Simulator(*EDGAR, *manners) as url:
        took = call(PROGRAMS[name](job, url, folder), folder)
        stats = json.loads(fetch(f"{url}/_sim/stats"))
    files, exact = job.count(folder)
    return {"files": files, "exact": exact, "requests": stats["requests"],
            "most": stats["most_in_a_second"], "blocked": stats["while_blocked"],
            "seconds": took.seconds, "cpu": took.cpu, "peak": took.peak}  # fmt: skip


def report(job, runs):
    print(f"\n{len(job.paths)} filings of {len(job.ciks)} companies, `{job.artifacts}`:\n")
    print("| | files | exact | requests | most in a second | seconds | CPU s | peak MiB |")
    print("|---|---|---|---|---|---|---|---|")
    middle = {
        name: {key: statistics.median(run[key] for run in of) for key in of[0]}
        for name, of in runs.items()
    }
    base = middle["filing-etl"]
    for name, m in middle.items():
        costs = [
            "-" if m["blocked"] else f"{m[key] / scale:.{digits}f} ({m[key] / base[key]:.2f} ×)"
            for key, digits, scale in (("seconds", 1, 1), ("cpu", 2, 1), ("peak", 0, 2**20))
        ]
        most = max(run["most"] for run in runs[name])
        blocked = ", then blocked" if m["blocked"] else ""
        cells = [name, f"{m['files']:.0f}{blocked}", f"{m['exact']:.0f}", f"{m['requests']:.0f}"]
        print("|", " | ".join([*cells, str(most), *costs]), "|", flush=True)
