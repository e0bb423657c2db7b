"""Kernels cached on disk never outlive the sources they were compiled from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import robots

# Two modules of a room: one kernel calls the other across the files.
INNER = "from robots.kernel import kernel\n\n@kernel\ndef inner():\n    return {}\n"
OUTER = (
    "from robots.inner import inner\nfrom robots.kernel import kernel\n\n"
    "@kernel\ndef outer():\n    return inner()\n"
)


def test_an_edit_to_one_module_recompiles_kernels_of_another_that_call_it(tmp_path):
    room = tmp_path / "robots"
    room.mkdir()
    (room / "__init__.py").touch()
    for name in ("kernel.py", "cache.py", "sources.py"):
        shutil.copy(Path(robots.__file__).parent / name, room)
    (room / "outer.py").write_text(OUTER)

    def answer(number):
        (room / "inner.py").write_text(INNER.format(number))
        program = (
            "from robots.outer import outer; print(outer(), sum(outer.stats.cache_hits.values()))"
        )
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=True,
        )
        return tuple(int(word) for word in done.stdout.split())

    assert answer(1) == (1, 0)
    assert answer(1) == (1, 1)  # nothing changed: the cache serves
    assert answer(23) == (23, 0)
