"""Measures files a second and CPU time per file without a rate limit, compared with `curl --parallel`.

nginx serves 20,000 documents of 30 to 90 KB in EDGAR's layout, with the submissions documents of their
500 companies. It serves them from memory over loopback, with http and with https, whose certificate is
signed by a separate authority. filing-etl discovers and downloads all of them with `--rate none`,
including all hashes and the database. curl gets the list of documents. Both write to the same folder, by
default in memory; on a disk, filing-etl syncs every file and curl none. Each round runs both, in
alternating order. Before the first round, both run once without measurement.

The third line includes the cost of hashes: after curl, `openssl` hashes its files on all processors, and
the times are added.

nginx, the programs and other work of the machine share the processors, so only ratios of the same minute
are meaningful.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from measure import call, curl, filing_etl, fresh, machine, need

COMPANIES, EACH = 500, 40
SIZES = (30_000, 90_000)
HTTP, HTTPS = 18080, 18443


def main(args):
    need("curl", "curl")
    need("nginx", "nginx-light")
    need("openssl", "openssl")
    folder = args.folder / "throughput"
    fresh(folder)
    paths = make_tree(folder / "tree")
    make_certificates(folder)
    print(f"{machine()}. {len(paths)} files, written to {folder}. Medians of {args.rounds} rounds, "
          "with the least and the most.\n")  # fmt: skip
    print("| | files/s | × curl | CPU ms/file | × curl |\n|---|---|---|---|---|")
    nginx = start_nginx(folder)
    try:
        for url in (f"http://127.0.0.1:{HTTP}", f"https://127.0.0.1:{HTTPS}"):
            compare(url, paths, folder, args.rounds)
    finally:
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(folder)


def compare(url, paths, folder, rounds):
    runs = {"filing-etl": [], "curl": [], "curl, then SHA-256": []}
    for number in range(-1, rounds):
        for turn in (own, others)[:: 1 if number % 2 else -1]:
            took = turn(url, paths, folder)
            if number >= 0:
                for name, of in took.items():
                    runs[name].append(of)
    rates = {name: [len(paths) / took.seconds for took in of] for name, of in runs.items()}
    cpu = {name: [1000 * took.cpu / len(paths) for took in of] for name, of in runs.items()}
    for name in runs:
        columns = " | ".join([*cells(rates, name, 0), *cells(cpu, name, 3)])
        print(f"| {url.split(':')[0]}: {name} | {columns} |", flush=True)


def cells(figures, name, digits):
    """The median with its spread, and its ratio to curl's."""
    of, curls = figures[name], statistics.median(figures["curl"])
    median = statistics.median(of)
    spread = f"{min(of):.{digits}f}-{max(of):.{digits}f}"
    return f"{median:.{digits}f} ({spread})", f"{median / curls:.2f}"


def own(url, paths, folder):
    """filing-etl discovers and fetches every document into an empty folder."""
    scratch = fresh(folder / "scratch")
    command = filing_etl(url, scratch) + ["--rate=none", "backfill", "--exchange=all",
                                     "--since=20y", "--discover-from=api", "--preset=turbo"]  # fmt: skip
    took = call(command, scratch, SSL_CERT_FILE=str(folder / "authority.pem"))
    complete(scratch / "filings", paths)
    return {"filing-etl": took}


def others(url, paths, folder):
    """curl fetches every document into an empty folder; then all are hashed."""
    scratch = fresh(folder / "scratch")
    command = [*curl(url, paths, scratch), "--cacert", str(folder / "authority.pem"),
               "--parallel", "--parallel-max", "10"]  # fmt: skip
    fetched = call(command, scratch)
    complete(scratch / "Archives", paths)
    (scratch / "files").write_text("".join(f"{scratch}{path}\n" for path in paths))
    hashed = call(["xargs", "-a", "files", "-P", str(os.cpu_count()), "-n", "1000",
                   "openssl", "dgst", "-sha256", "-r"], scratch)  # fmt: skip
    if (lines := len((scratch / "output").read_bytes().splitlines())) != len(paths):
        sys.exit(f"openssl hashed {lines} of {len(paths)} files: see {scratch / 'output'}")
    return {"curl": fetched, "curl, then SHA-256": fetched + hashed}


def complete(tree, paths):
    """Exits unless every document was downloaded."""
    if (got := sum(1 for _ in tree.glob("edgar/data/*/*/*"))) != len(paths):
        sys.exit(f"{tree} has {got} of {len(paths)} files: see {tree.parent / 'output'}")


# --- What is served ---------------------------------------------------------------------------


def make_tree(tree):
    """Writes the documents and the submissions. Returns the paths of the documents."""
    dice = random.Random(1)
    words = [f"<p>{dice.randbytes(6).hex()} net sales</p>\n".encode() for _ in range(5000)]
    paths, companies = [], []
    for cik in range(1_000_001, 1_000_001 + COMPANIES):
        filings = [f"{cik:010}-24-{number:06}" for number in range(EACH)]
        names = [f"a{number}.htm" for number in range(EACH)]
        for accession, name in zip(filings, names):
            path = f"/Archives/edgar/data/{cik}/{accession.replace('-', '')}/{name}"
            size = dice.randint(*SIZES)
            text = b"<html>\n" + b"".join(dice.choices(words, k=size // len(words[0])))
            write(tree, path, text + b"</html>\n")
            paths.append(path)
        submissions = {
            "cik": f"{cik:010}",
            "filings": {"recent": columns(filings, names), "files": []},
        }
        write(tree, f"/submissions/CIK{cik:010}.json", json.dumps(submissions).encode())
        companies.append([cik, f"Company {cik}", f"C{cik}", "Nasdaq"])
    listed = {"fields": ["cik", "name", "ticker", "exchange"], "data": companies}
    write(tree, "/files/company_tickers_exchange.json", json.dumps(listed).encode())
    return paths


def columns(filings, names):
    same = {"filingDate": "2024-03-01", "reportDate": "2023-12-31", "form": "10-K",
            "acceptanceDateTime": "2024-03-01T16:05:00.000Z", "act": "34", "fileNumber": "",
            "filmNumber": "", "items": "", "core_type": "10-K", "size": 1_000_000, "isXBRL": 0,
            "isInlineXBRL": 0, "primaryDocDescription": "10-K"}  # fmt: skip
    columns = {key: [value] * len(filings) for key, value in same.items()}
    return {"accessionNumber": filings, "primaryDocument": names, **columns}


def write(tree, path, content):
    file = tree / path[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def make_certificates(folder):
    """Creates a certificate authority and a certificate for 127.0.0.1."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "authority.key", "-out", "authority.pem",
            "-days", "30", "-subj", "/CN=Bench authority")  # fmt: skip
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-CAcreateserial", "-days", "30", "-extfile", "names", "-out", "server.pem")  # fmt: skip


def start_nginx(folder):
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""
        {user}
        daemon off;
        worker_processes 2;
        pid {folder}/nginx.pid;
        error_log stderr;
        events {{ worker_connections 256; }}
        http {{
            access_log off;
            sendfile on;
            tcp_nopush on;
            keepalive_requests 1000000;
            types {{ text/html htm; application/json json; }}
            client_body_temp_path {folder}/nginx.temp;
            root {folder}/tree;
            server {{ listen 127.0.0.1:{HTTP}; }}
            server {{
                listen 127.0.0.1:{HTTPS} ssl;
                ssl_certificate {folder}/server.pem;
                ssl_certificate_key {folder}/server.key;
            }}
        }}
    """)
    with open(folder / "nginx.log", "wb") as log:
        nginx = subprocess.Popen(
            ["nginx", "-p", folder, "-c", folder / "nginx.conf"], stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{HTTP}/files/company_tickers_exchange.json"
    for _ in range(100):
        try:
            urllib.request.urlopen(url).close()
            return nginx
        except OSError:
            if nginx.poll() is not None:
                break
            time.sleep(0.05)
    sys.exit(f"nginx did not start: see {folder / 'nginx.log'}")
