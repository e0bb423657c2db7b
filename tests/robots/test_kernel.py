"""Kernels cost nothing until they run, and what is kept of them on disk is never stale or mixed."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import robots
from robots import machine_code, maths
from robots.bench_import import HEAVY
from robots.controllers.contract import Controller
from robots.errors import RobotError
from robots.kernel import Kernel, kernel

# Two modules of a room: one kernel calls the other across the files.
INNER = "from robots.kernel import kernel\n\n@kernel\ndef inner():\n    return {}\n"
OUTER = (
    "from robots.inner import inner\nfrom robots.kernel import kernel\n\n"
    "@kernel\ndef outer():\n    return inner()\n\n"
    "@kernel\ndef half(x):\n    return x / 2\n"
)
ANSWER = "from robots.outer import outer; print(outer(), sum(outer.stats.cache_hits.values()))"
# Compiles one kernel for two types, in an order of its own, when a line comes in.
RACE = """
import sys
from robots.outer import half
import robots.cache
print("ready", flush=True)
sys.stdin.readline()
for kind in {kinds}:
    assert half(kind(9)) == 4.5, kind
print(sum(half.stats.cache_hits.values()))
"""


@pytest.fixture
def room(tmp_path):
    """A room with the compiling of this one and two small modules."""
    folder = tmp_path / "robots"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name in ("kernel.py", "cache.py", "sources.py", "whole_file.py"):
        shutil.copy(Path(robots.__file__).parent / name, folder)
    (folder / "outer.py").write_text(OUTER)
    (folder / "inner.py").write_text(INNER.format(1))
    return folder


def environment(room, **more):
    given = {**os.environ, "PYTHONPATH": str(room.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    given.pop("NUMBA_CACHE_DIR", None)
    return given | more


def run(room, program, **more):
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(room, **more),
        cwd=room.parent,
    )
    assert done.returncode == 0, done.stderr
    return tuple(int(word) for word in done.stdout.split())


def test_importing_everything_loads_neither_numba_nor_llvm_nor_any_other_giant():
    program = (
        "import sys, millhand, robots, policies.runner\nfrom sim.env import FloorEnv\n"
        "from robots import controllers, catalogue\n"
        "[controllers.load(name) for name in controllers.MODULES]\n"
        "[catalogue.load(name) for name in catalogue.names()]\n"
        f"found = [name for name in {HEAVY} if name in sys.modules]\n"
        "assert not found, found"
    )
    root = Path(robots.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr


def test_a_kernel_compiles_when_it_is_first_called_and_shows_what_numba_knows_of_it():
    @kernel
    def twice(x):
        """Give it twice."""
        return x + x

    assert "dispatcher" not in vars(twice)
    assert (twice.__name__, twice.__doc__) == ("twice", "Give it twice.")
    assert twice.py_func(4) == 8 and "dispatcher" not in vars(twice)
    assert twice(1.5) == 3.0 and len(twice.signatures) == 1

    @kernel
    def four_times(x):
        return twice(twice(x))

    assert four_times(2) == 8
    with pytest.raises(AttributeError):
        twice.__array__  # noqa: B018
    assert pickle.loads(pickle.dumps(maths.sin)) is maths.sin and isinstance(maths.sin, Kernel)


def test_an_edit_to_one_module_recompiles_kernels_of_another_that_call_it(room):
    def answer(number):
        (room / "inner.py").write_text(INNER.format(number))
        return run(room, ANSWER)

    assert answer(1) == (1, 0)
    assert answer(1) == (1, 1)  # nothing changed: the cache serves
    assert answer(23) == (23, 0)
    # What the old source left is gone.
    assert len(list((room / "__pycache__").glob("outer.outer-*.nbc"))) == 1


def test_processes_that_fill_an_empty_cache_together_never_mix_up_two_signatures(room):
    orders = ["(float, int)", "(int, float)", "(float, int)", "(int, float)"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE.format(kinds=kinds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(room),
            cwd=room.parent,
        )
        for kinds in orders
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said
    program = RACE.replace("sys.stdin.readline()", "").replace('print("ready", flush=True)', "")
    assert run(room, program.format(kinds=orders[0])) == (2,)
    assert not list((room / "__pycache__").glob("*.tmp"))


def test_a_damaged_file_is_compiled_anew(room):
    assert run(room, ANSWER) == (1, 0)
    (kept,) = (room / "__pycache__").glob("outer.outer-*.nbc")
    for damaged in (kept.read_bytes()[:-100], b"", kept.read_bytes()[:40] + b"x" * 500):
        kept.write_bytes(damaged)
        assert run(room, ANSWER) == (1, 0)
        assert run(room, ANSWER) == (1, 1)


def test_where_the_package_cannot_be_written_the_users_folder_serves_or_none(room, tmp_path):
    (room / "__pycache__").touch()  # a file: no folder can be made there, whoever asks
    mine = tmp_path / "mine"
    assert run(room, ANSWER, XDG_CACHE_HOME=str(mine), HOME=str(mine)) == (1, 0)
    assert run(room, ANSWER, XDG_CACHE_HOME=str(mine), HOME=str(mine)) == (1, 1)
    assert list(mine.rglob("outer.outer-*.nbc"))
    nowhere = tmp_path / "nowhere"
    nowhere.touch()
    program = "from robots.outer import outer; print(outer(), 0)"
    assert run(room, program, XDG_CACHE_HOME=str(nowhere), HOME=str(nowhere)) == (1, 0)
    chosen = tmp_path / "chosen"
    assert run(room, ANSWER, NUMBA_CACHE_DIR=str(chosen)) == (1, 0)
    assert run(room, ANSWER, NUMBA_CACHE_DIR=str(chosen)) == (1, 1)


NUMBER = np.dtype([("x", np.float64)])


def one(step):
    return Controller("one", NUMBER, NUMBER, NUMBER, NUMBER, step)


def test_a_controllers_step_runs_from_disk_without_numba_and_gives_its_bits(tmp_path):
    program = (
        "import sys\nimport numpy as np\nfrom robots import catalogue\n"
        "from robots.controllers import limiter\n"
        "run = limiter.controller(7).instance(limiter.params(catalogue.load('panda'), 500.0))\n"
        "for k in range(50):\n"
        "    run.input['q_goal'] = np.sin(k * np.arange(7))\n"
        "    run.step()\n"
        "print(int('numba' in sys.modules), *run.output['q_ref'].view(np.int64)[0])"
    )
    root = Path(robots.__file__).parents[1]
    first = run(root / "robots", program, NUMBA_CACHE_DIR=str(tmp_path))
    second = run(root / "robots", program, NUMBA_CACHE_DIR=str(tmp_path))
    assert (first[0], second[0]) == (1, 0) and first[1:] == second[1:]
    # The same again through Numba's own dispatcher.
    program = program.replace("run.step()", "run.controller.step(*(a[0] for a in memory))")
    program = program.replace(
        "for k", "memory = (run.params, run.state, run.input, run.output)\nfor k"
    )
    assert run(root / "robots", program, NUMBA_CACHE_DIR=str(tmp_path)) == first
    (kept,) = tmp_path.rglob("limiter.*.o")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert run(root / "robots", program, NUMBA_CACHE_DIR=str(tmp_path)) == first


def test_kernels_that_need_more_than_records_run_through_numba(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    @kernel
    def allocates(params, state, input, output):
        room = np.ones(int(params.x) + 3)
        output.x = room.sum()

    law = one(allocates)
    assert machine_code.step_of(law) is None
    running = law.instance(np.ones(1, NUMBER))
    running.step()
    assert running.output["x"][0] == 4.0


def test_closures_over_numbers_are_told_apart_and_a_kernel_that_raises_says_so(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    def times(number):
        @kernel
        def scaled(params, state, input, output):
            if input.x > 100.0:
                raise ValueError("too much")
            output.x = number * input.x

        return one(scaled)

    for number in (2.0, 3.0):
        running = times(number).instance(np.ones(1, NUMBER))
        running.input["x"] = 5.0
        running.step()
        assert running.output["x"][0] == 5.0 * number
        assert machine_code.step_of(running.controller) is not None
    running.input["x"] = 101.0
    with pytest.raises(RobotError, match="kernel of one raised"):
        running.step()


def test_an_instance_moved_to_other_memory_goes_on_there():
    @kernel
    def counts(params, state, input, output):
        state.x += params.x
        output.x = state.x

    running = one(counts).instance(np.ones(1, NUMBER))
    running.step()
    rows = [np.zeros(3, NUMBER) for _ in range(4)]
    running.move(*(array[1:2] for array in rows))
    running.step()
    assert rows[3]["x"].tolist() == [0.0, 2.0, 0.0]
