"""Runs and measures programs and the simulator, without the caller's environment."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "target/release/filing-etl"
NAME, MAIL = "Bench", "bench@example.com"


class Measured:
    """The costs of one run of a program."""

    def __init__(self, seconds, cpu, peak, code):
        self.seconds, self.cpu, self.peak, self.code = seconds, cpu, peak, code

    def __add__(self, then):
        """The costs of two runs, one after another."""
        return Measured(
            self.seconds + then.seconds,
            self.cpu + then.cpu,
            max(self.peak, then.peak),
            self.code or then.code,
        )


def call(command, folder, **variables):
    """Runs a program in a folder. Its output goes to the file `output` there."""
    with open(folder / "output", "wb") as output:
        began = time.monotonic()
        child = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env=environment(folder, **variables)
        )
        peak = 0
        while True:
            # Not the peak of wait4, which includes the memory of this script.
            peak = max(peak, high_water(child.pid))
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.01)
        seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak, child.returncode)


def high_water(pid):
    """The peak memory of a process so far, in bytes; 0 once it has ended."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def environment(folder, **variables):
    """An environment without proxies and settings, with a separate home folder."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_STATE_HOME": str(folder),
            "LANG": "C.UTF-8", "NO_PROXY": "*", **variables}  # fmt: skip


def filing_etl(url, folder):
    """This program, with `url` as its only server."""
    return [str(PROGRAM), f"--db={folder}/filings.db", f"--data-dir={folder}/filings",
            f"--user-agent={NAME} {MAIL}", "--progress=none", f"--archives-url={url}",
            f"--data-url={url}", f"--listings-url={url}"]  # fmt: skip


def curl(url, paths, folder):
    """curl with a list of files, which it stores under the same paths in the folder."""
    lines = (f'url = "{url}{path}"\noutput = "{folder}{path}"\n' for path in paths)
    config = folder / "list"
    config.write_text("".join(lines))
    return ["curl", "-q", "--silent", "--fail", "--compressed", "--create-dirs", "--user-agent",
            f"{NAME} {MAIL}", "--config", str(config)]  # fmt: skip


class Simulator:
    """A separate simulated EDGAR for one program. Entering it returns its URL."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        self.process = subprocess.Popen(
            [PROGRAM, "sim", *self.options], stdout=subprocess.PIPE, text=True
        )
        url = self.process.stdout.readline().strip()
        if not url.startswith("http://127.0.0.1:"):
            sys.exit("the simulator did not start")
        return url

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def fresh(folder):
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{date.today()}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def need(program, package):
    """Exits if a program is missing."""
    if not shutil.which(program):
        sys.exit(f"{program} is not installed: install it, on Debian with `apt-get install {package}`")
