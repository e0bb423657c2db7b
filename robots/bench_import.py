"""What importing and the first tick cost, each in a process of its own, from an empty cache too."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

HEAVY = ("llvmlite", "numba", "torch", "transformers", "matplotlib", "pyarrow", "av", "onnxruntime")
"""What an import must not bring with it."""

IMPORTS = ("import millhand", "import robots.catalogue", "from sim.env import FloorEnv")
FIRST_TICK = """
from robots import catalogue
from robots.controllers import {name} as module
robot = catalogue.load("panda")
law = module.controller(len(robot.home))
run = law.instance(module.params(robot, 500.0))
begun = perf_counter()
run.step()
"""
PROGRAM = """
import sys
from time import perf_counter, time
begun = perf_counter()
{work}
ended = perf_counter()
import json
found = [name for name in {heavy} if name in sys.modules]
print(json.dumps([ended - begun, time() - {started}, found]))
"""


def measure(work: str, cache: str | None = None) -> tuple[float, float, list[str]]:
    """Run some lines in a process of their own.

    Gives the seconds from the last `begun` in them to their end, those since the process was
    started, and which of HEAVY it loaded. Raises RuntimeError with what the process said where
    it fails.
    """
    from time import time

    environment = dict(os.environ)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    program = PROGRAM.format(work=work, heavy=HEAVY, started=time())
    root = Path(__file__).parents[1]
    paths = [str(root), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"{work!r} failed")
    seconds, since_start, found = json.loads(done.stdout.splitlines()[-1])
    return seconds, since_start, found


def cases(rounds: int = 5, names: tuple[str, ...] = ("limited_impedance",)) -> list[dict[str, Any]]:
    """Time imports and first ticks and give the bench's cases; medians of `rounds` processes."""

    def case(name: str, seconds: float, bar: float | None, **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"case": name, "ours": seconds, "peer": bar, "unit": "s"}
        given["peer_name"] = None if bar is None else "the bar"
        return given | {"ratio": None if bar is None else bar / seconds} | more

    found = []
    for work in IMPORTS:
        runs = [measure(work) for _ in range(rounds)]
        took = median(run[0] for run in runs)
        found.append(case(work, took, 1.0, loaded=sorted({n for run in runs for n in run[2]})))
    for name in names:
        work = FIRST_TICK.format(name=name)
        with tempfile.TemporaryDirectory() as cache:
            cold = measure(work, cache)
            runs = [measure(work, cache) for _ in range(rounds)]
        found.append(case(f"{name}: first tick, empty cache", cold[0], None))
        took = median(run[0] for run in runs)
        loaded = sorted({n for run in runs for n in run[2]})
        found.append(case(f"{name}: first tick, second process", took, 0.3, loaded=loaded))
        whole = median(run[1] for run in runs)
        found.append(case(f"{name}: process start to first tick done", whole, None))
    return found
