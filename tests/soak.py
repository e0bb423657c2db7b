"""Repeats the drivers' tests in bounded time and counts flakes: runs that did not pass.

Half the time on a quiet machine, half with every core kept busy by other work. `make soak`.
"""

import argparse
import collections
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What talks to an emulator, a port or another process, where timing could show; compiles little.
SUBSET = (
    "tests/drivers/test_emulator_process.py",
    "tests/drivers/test_frames.py",
    "tests/drivers/test_host_link.py",
    "tests/drivers/test_emulator.py",
)
SLOW = "however fuzzed thousands free_running_outputs two_runs pieces maths gait impedance"
CHOICE = " and ".join(
    ["(virt-rv64 or not virt)", "not rv32", "not hifive", *(f"not {word}" for word in SLOW.split())]
)
BATCH = 10
LATE_S = 300.0


class Failures:
    """Collects what failed in one run, with the last line of why."""

    def __init__(self) -> None:
        self.passed, self.failed = 0, []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            lines = report.longreprtext.strip().splitlines() or [""]
            errors = [line for line in lines if line.startswith("E ")]
            self.failed.append([report.nodeid, (errors or lines)[0]])
        elif report.when == "call" and report.passed:
            self.passed += 1


def work(runs: int, until: float) -> None:
    """Run the subset again and again in this process; print a JSON line for each run."""
    tests = [str(ROOT / path) for path in SUBSET]
    for _ in range(runs):
        if time.time() > until:
            return
        seen, began, out = Failures(), time.monotonic(), sys.stdout
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            code = pytest.main(
                ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}",
                 "-k", CHOICE, *tests], plugins=[seen]
            )  # fmt: skip
        failed = seen.failed or ([["pytest", f"exit status {code}"]] if code else [])
        row = {"passed": seen.passed, "failed": failed, "s": time.monotonic() - began}
        print(json.dumps(row), file=out, flush=True)


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep so many cores busy."""
    code = "while True: sum(range(10000))"
    busy = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def phase(name: str, runs: int, until: float) -> tuple[int, collections.Counter[str]]:
    """Repeat until enough runs are done or the time is; give runs and what failed how often."""
    done, tests, flakes = 0, 0, collections.Counter[str]()
    while done < runs and time.time() < until:
        batch = min(BATCH, runs - done)
        command = [sys.executable, __file__, "--work", str(batch), "--until", str(until)]
        late = max(until - time.time(), 0) + LATE_S
        # A folder of its own: a test looks whether anything is left behind, by anybody.
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            child = subprocess.run(
                command, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=late, check=False,
                env={**os.environ, "TMPDIR": folder},
            )  # fmt: skip
        rows = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
        if child.returncode:
            flakes[f"the process ended with status {child.returncode}"] += 1
        for row in rows:
            tests += row["passed"]
            flakes.update(f"{test}: {why}" for test, why in row["failed"])
        done += len(rows)
        if not rows:
            break
        mean = sum(row["s"] for row in rows) / len(rows)
        print(f"{name}: {done} runs, {tests} tests passed, {sum(flakes.values())} failed, "
              f"{mean:.1f} s a run", flush=True)  # fmt: skip
    return done, flakes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="at most, in all")
    parser.add_argument("--runs", type=int, default=1000, help="at most, in all")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.until)
        return 0
    half, began = given.minutes * 30.0, time.time()
    quiet, flakes = phase("quiet", given.runs - given.runs // 2, began + half)
    with load(os.cpu_count() or 1):
        loaded, more = phase("loaded", given.runs // 2, began + 2 * half)
    flakes.update(more)
    for text, count in flakes.most_common():
        print(f"{count} x {text}")
    print(
        f"soak: {quiet + loaded} of {given.runs} runs ({quiet} quiet, {loaded} with "
        f"{os.cpu_count()} busy cores) in {(time.time() - began) / 60:.1f} minutes; "
        f"{sum(flakes.values())} flakes"
    )
    return 1 if flakes or not quiet + loaded else 0


if __name__ == "__main__":
    sys.exit(main())
