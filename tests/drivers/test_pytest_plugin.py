"""The pytest plugin, as the tests of a user's project see it."""

import os
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from plugin_runs import LAW, PLUGIN, ROOT, run_apart

from drivers.errors import DriverError
from drivers.expectation import Expectation
from drivers.fields import assign, feeder, field, leaves
from drivers.toolchain import cache_folder
from drivers.under_test import BoardUnderTest

pytest_plugins = ("pytester",)

CACHE = cache_folder()


@pytest.fixture(scope="module")
def law(tmp_path_factory):
    """The law in one place, so that it is compiled once."""
    path = tmp_path_factory.mktemp("law") / "law.py"
    path.write_text(LAW)
    return path


@pytest.fixture
def project(pytester, monkeypatch, law):
    """A folder with the law, and what runs its tests on one board.

    In a process of its own: pytester unloads what a run in this one has loaded, Numba too.
    """
    (pytester.path / "law.py").symlink_to(law)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # pytester gives its runs another home, with nothing built in it.
    monkeypatch.setenv("MILLHAND_CACHE", str(CACHE))
    monkeypatch.setenv("COLUMNS", "200")

    def run(body, *words, board="virt-rv64"):
        pytester.makepyfile(test_it="import pytest\nimport numpy as np\n" + body)
        chosen = ("--board", board) if board else ()
        words = ("-p", "no:cacheprovider", "-p", "no:xdist", *PLUGIN, *chosen, *words)
        return pytester.runpytest_subprocess(*words)

    run.path = pytester.path
    return run


def test_a_user_runs_expects_and_keeps_budgets(project):
    done = project(
        """
pytestmark = pytest.mark.firmware(rate_hz=1000)

@pytest.mark.firmware(controller="law.py")
def test_all(board):
    board.run(10, input={"x": 1.0})
    assert board.output["n"][0] == 10 and board.input["x"][0] == 1.0
    assert board.expect("n", 15, within=20) == 5
    took = board.expect("y", lambda y: y > 0.99, within=100)
    assert board.ticks == 15 + took == 44
    assert board.expect("pair[1]", 2.0, within=100, tolerance=0.01) > 0
    board.expect(lambda out: out["y"] > 0.999, within=100)
    board.expect_always("y", lambda y: y < 1.0, during=50)
    board.run(3, input=np.array([(1.0,), (2.0,), (3.0,)], board.input.dtype))
    assert board.input["x"][0] == 3.0
    board.run(2, input=lambda tick: {"x": float(tick)})
    assert board.ticks_differing == 0 and board.host_output.tobytes() == board.output.tobytes()
    board.assert_instructions_per_tick(max={"virt-rv64": 100})
    board.assert_stack(max=1000)
    board.assert_size(text=6000, ram=30_000, flash=0)
    board.restart({"k": 1.0})
    board.run(1, input={"x": 7.0})
    assert (board.ticks, board.output["y"][0], board.output["n"][0]) == (1, 7.0, 1)
"""
    )
    done.assert_outcomes(passed=1)


def test_a_failed_expectation_says_tick_field_and_both_values(project):
    done = project(
        """
pytestmark = pytest.mark.firmware(controller="law.py", rate_hz=1000)

def test_value(board):
    board.expect("y", 3.0, within=20, input={"x": 1.0})

def test_always(board):
    board.expect_always("n", lambda n: n < 5, during=20)

def test_function(board):
    board.expect(lambda out: out["y"] > 4, within=1, input={"x": 1.0})
"""
    )
    done.assert_outcomes(failed=3)
    lines = done.stdout
    lines.fnmatch_lines([
        "*y was not 3.0 within 20 ticks: y is 0.8784233454094* on the board and 0.8784233454094* "
        "on the host [[]tick 19, lag on virt-rv64[]]",
        "*the condition was not true of n in every tick: n is 5 on the board and 5 on the host "
        "[[]tick 4, lag on virt-rv64[]]",
        "*the condition was not true within 1 ticks: y is 0.1 on the board and 0.1 on the host; "
        "pair is [[]0.1 0.2[]] on the board*",
    ])  # fmt: skip
    lines.no_fnmatch_line("*under_test.py:*")  # the traceback ends in the user's own line


def test_a_board_that_differs_from_the_host_fails_at_that_tick(project):
    body = """
from dataclasses import replace

from robots.kernel import kernel
from robots.machine_code import address_of

@kernel
def other(params, state, input, output):
    state.n += np.uint32(1)
    state.y += params.k * (input.x - state.y)
    output.y = state.y
    output.pair[0] = state.y
    output.pair[1] = 2.0 * state.y
    output.n = state.n
    if state.n == 3:
        output.pair[1] = -1.0

def differ(emulator):
    law = replace(emulator.controller, step=other)
    emulator._plan["law"] = address_of(law)

pytestmark = pytest.mark.firmware(controller="law.py", rate_hz=1000)

def test_fails(board):
    differ(board.emulator)
    board.run(10, input={"x": 1.0})

def test_counts(board):
    differ(board.emulator)
    board.run(10, input={"x": 1.0}, allow_differing=True)
    assert board.ticks_differing == 1
    assert board.first_difference.startswith("tick 2: output.pair[1] is 0.5")
"""
    done = project(body)
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines([
        "*board and host differ: tick 2: output.pair[[]1] is 0.5* on the board and -1.0 on the "
        "host (bits 0x* and 0xbff0000000000000) [[]tick 2, lag on virt-rv64[]]"
    ])  # fmt: skip


def test_a_budget_that_is_exceeded_says_by_how_much(project):
    done = project(
        """
pytestmark = pytest.mark.firmware(controller="law.py")

def test_before(board):
    board.assert_instructions_per_tick(max=10)

def test_instructions(board):
    board.run(1)
    board.assert_instructions_per_tick(max=10)

def test_stack(board):
    board.assert_stack(max=0)

def test_size(board):
    board.assert_size(text=5, ram=10**9)

def test_another_board(board):
    board.assert_stack(max={"hifive1": 10})
"""
    )
    done.assert_outcomes(failed=5)
    done.stdout.fnmatch_lines([
        "*no tick has been taken on virt-rv64 yet: run some first",
        "*lag on virt-rv64 takes ?? instructions in a tick; the budget is 10, ?? less",
        "*lag on virt-rv64 takes * bytes of stack; the budget is 0, * less",
        "*lag on virt-rv64 takes * bytes of code and constants (text); the budget is 5, * less",
        "*no budget for virt-rv64; there are: hifive1",
    ])  # fmt: skip


def test_a_report_has_who_ran_and_what_it_cost(project):
    done = project(
        """
@pytest.mark.firmware(controller="law.py")
def test_it(board):
    board.run(5)
""",
        "--junitxml=report.xml",
        board="virt-rv64,virt-rv32-soft,virt-rv64",
    )
    done.assert_outcomes(passed=2)
    found = {}
    for case in ElementTree.parse(project.path / "report.xml").iter("testcase"):
        values = {p.get("name"): p.get("value") for p in case.iter("property")}
        found[values["board"]] = values
    assert list(found) == ["virt-rv64", "virt-rv32-soft"]
    wide, soft = found.values()
    assert (wide["isa"], wide["abi"], soft["abi"]) == ("rv64gc", "lp64d", "ilp32")
    assert (wide["ticks"], wide["ticks_differing"], wide["controller"]) == ("5", "0", "lag")
    assert 0 < float(wide["instructions_per_tick"]) <= int(wide["instructions_per_tick_max"])
    assert int(soft["instructions_per_tick_max"]) > int(wide["instructions_per_tick_max"])
    for name in ("text_bytes", "ram_bytes", "stack_bytes"):
        assert int(wide[name]) > 0 and int(soft[name]) > 0


def test_a_controller_comes_by_name_module_or_object(project):
    done = project(
        """
import law
from robots.controllers import limiter

@pytest.mark.firmware(controller="limiter", robot="xarm6", rate_hz=500)
def test_name(board):
    assert board.controller.name == "limiter" and len(board.input["q"][0]) == 6
    assert board.params["dt"][0] == 1 / 500

@pytest.mark.firmware(law, rate_hz=200, params={"k": 0.25})
def test_module(board):
    board.run(1, input={"x": 4.0})
    assert board.output["y"][0] == 1.0

@pytest.mark.firmware(law.controller(1), params=law.params(None, 200))
def test_object(board):
    board.run(1, input={"x": 4.0})
    assert board.output["y"][0] == 2.0 and board.rate_hz == board.board.rate_hz
"""
    )
    done.assert_outcomes(passed=3)


def test_a_marker_that_cannot_be_is_one_clear_line(project):
    done = project(
        """
import law

def test_none(board): pass

@pytest.mark.firmware(controler="law.py")
def test_unknown(board): pass

@pytest.mark.firmware(controller="limeter")
def test_name(board): pass

@pytest.mark.firmware(controller=law.controller(1))
def test_params(board): pass

@pytest.mark.firmware(controller="law.py", params={"kp": 1.0})
def test_field(board): pass

@pytest.mark.firmware(controller="missing.py")
def test_file(board): pass
"""
    )
    done.assert_outcomes(errors=6)
    done.stdout.fnmatch_lines([
        "the board fixture needs @pytest.mark.firmware(controller=...) on its test",
        "firmware has no argument 'controler'; valid: controller, robot, rate_hz, params, link",
        "*'limeter'*limiter*",
        "controller lag needs params: an array or a mapping",
        "there is no field 'kp'; valid: k",
        "controller missing.py: No such file or directory; give a Python file",
    ])  # fmt: skip
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_board_file_of_the_users_own_and_one_that_is_only_built(project):
    text = (ROOT / "hardware/boards/virt-rv64.toml").read_text()
    (project.path / "mine.toml").write_text(text.replace('name = "virt-rv64"', 'name = "mine"'))
    done = project(
        """
@pytest.mark.firmware(controller="law.py")
def test_size(board):
    board.assert_size(text=20_000)

@pytest.mark.firmware(controller="law.py")
def test_run(board):
    board.run(1)
    assert board.name == "mine"
""",
        "-rs",
        board="mine.toml,esp32-c3",
    )
    done.assert_outcomes(passed=3, skipped=1)
    done.stdout.fnmatch_lines(["*board esp32-c3 is built for, not run: it has no emulator"])


def test_a_free_running_board_is_compared_and_its_fault_told(project):
    (project.path / "nan.py").write_text(
        LAW.replace("output.y = state.y", "output.y = state.y if state.n < 7 else np.nan")
    )
    done = project(
        """
@pytest.mark.firmware(controller="law.py", rate_hz=1000, link=True)
def test_fine(board):
    board.run(50, input={"x": 1.0})
    assert (board.ticks, board.output["n"][0], board.ticks_differing) == (50, 50, 0)
    assert board.expect("n", 20, within=30) == 20
    assert board.link.state.name == "IDLE"
    board.assert_instructions_per_tick(max=100)

@pytest.mark.firmware(controller="nan.py", rate_hz=1000, link=True)
def test_fault(board):
    board.run(50, input={"x": 1.0})
"""
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*the output held a NaN at tick 7 [[]lag on virt-rv64[]]"])


TINY = """
import pytest

@pytest.mark.firmware(controller="limiter")
def test_board(board):
    board.run(1)

def test_plain():
    pass
"""


def test_an_unknown_board_ends_pytest_with_one_line_and_code_2(tmp_path):
    (tmp_path / "test_it.py").write_text(TINY)
    done = run_apart("-q", "--board", "vrt-rv64", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown board 'vrt-rv64', did you mean 'virt-rv64'?" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    text = (ROOT / "hardware/boards/virt-rv64.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("rv64gc", "rv64gc_zba"))
    done = run_apart("-q", "--board", "virt-rv64,mine.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "--board has two boards of the name virt-rv64" in done.stderr


def test_missing_qemu_is_an_error_unless_boards_are_optional(tmp_path):
    (tmp_path / "test_it.py").write_text(TINY)
    empty = {"PATH": str(tmp_path)}
    done = run_apart("-q", "--board", "virt-rv64", cwd=tmp_path, env=empty)
    assert done.returncode == 2
    assert "board virt-rv64: qemu-system-riscv64 is not installed" in done.stdout
    assert "no tests ran" in done.stdout
    done = run_apart("-q", "--board", "virt-rv64", "--board-optional", cwd=tmp_path, env=empty)
    assert done.returncode == 0 and "1 passed, 1 skipped" in done.stdout
    done = run_apart("-q", "-k", "plain", cwd=tmp_path, env=empty)
    assert done.returncode == 0 and "1 passed, 3 deselected" in done.stdout


def test_the_usual_boards_are_the_virtual_ones_and_collecting_compiles_nothing(tmp_path):
    (tmp_path / "test_it.py").write_text(TINY)
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        "def loaded():\n"
        "    names = ('numba', 'llvmlite', 'numpy', 'hardware', 'robots', 'jsonschema')\n"
        "    return [name for name in names if name in sys.modules]\n"
        "START = loaded()\n"
        "def pytest_report_collectionfinish():\n"
        "    return [f'at start {START}', f'collected {loaded()}']\n"
    )
    done = run_apart("--collect-only", "-q", "-k", "board", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("virt-rv32", "virt-rv32-soft", "virt-rv64"):
        assert f"test_it.py::test_board[{name}]" in done.stdout
    done = run_apart("--collect-only", "-k", "board", cwd=tmp_path)
    assert "at start []" in done.stdout
    collected = next(line for line in done.stdout.splitlines() if line.startswith("collected ["))
    assert "hardware" in collected and "numba" not in collected and "llvmlite" not in collected


def test_an_installed_millhand_is_found_without_being_named(tmp_path):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    (tmp_path / "test_it.py").write_text(TINY)
    found = tmp_path / "site" / "installed-1.0.dist-info"
    found.mkdir(parents=True)
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: installed\nVersion: 1.0\n")
    points = [f"{name} = {value}" for name, value in declared["pytest11"].items()]
    (found / "entry_points.txt").write_text("\n".join(["[pytest11]", *points]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--board", "virt-rv64"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": f"{found.parent}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr


def test_on_many_workers_every_test_has_its_own_board(tmp_path):
    (tmp_path / "test_it.py").write_text(TINY)
    done = run_apart("-q", "-n", "2", "--board", "virt-rv64", cwd=tmp_path)
    assert done.returncode == 0 and "2 passed" in done.stdout
    env = {"PATH": os.devnull}
    done = run_apart("-q", "-n", "2", "--board", "virt-rv64", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "board virt-rv64: qemu-system-riscv64 is not installed" in done.stdout


INNER = np.dtype([("a", np.float64, (2,)), ("b", np.uint8)])
OUTER = np.dtype([("x", np.float64), ("inner", INNER)])


def test_fields_are_found_by_path_and_refused_by_name():
    record = np.zeros(1, OUTER)
    record["x"], record["inner"]["a"] = 2.0, [[3.0, 4.0]]
    assert (field(record, "x"), field(record, "inner.a[1]")) == (2.0, 4.0)
    assert list(leaves(OUTER)) == ["x", "inner.a", "inner.b"]
    for path, said in {
        "y": "there is no field 'y'; valid: x, inner",
        "inner.c": "there is no field 'inner.c'; valid: a, b",
        "x.c": "there is no field 'x.c'; valid: none",
        "inner.a[2]": "there is no element 'inner.a[2]': it has shape (2,)",
        "x[0]": "there is no element 'x[0]': it has shape ()",
        "x-y": "'x-y' is no field's path; valid: like tau, tau[2] or limiter.q",
    }.items():
        with pytest.raises(DriverError) as error:
            field(record, path)
        assert str(error.value) == said


def test_inputs_that_do_not_fit_are_refused():
    record = np.zeros(1, OUTER)
    with pytest.raises(DriverError, match="there is no field 'q'; valid: x, inner"):
        assign(record, {"q": 1})
    with pytest.raises(DriverError, match="x is 'fast'; it takes float64"):
        assign(record, {"x": "fast"})
    with pytest.raises(DriverError, match="input has dtype float64 and shape"):
        feeder(record, np.zeros(3))
    feed = feeder(record, np.zeros(2, OUTER))
    feed(1)
    with pytest.raises(DriverError, match="input has 2 rows; none for tick 2"):
        feed(2)
    with pytest.raises(DriverError, match=r"input for one tick has shape \(2,\)"):
        feeder(record, lambda tick: np.zeros(2, OUTER))(0)
    for wrong in (("x", None), (None, None), (lambda out: True, 3)):
        with pytest.raises(DriverError):
            Expectation(*wrong)


@pytest.mark.parametrize("ticks", [0, -1, 2.5])
def test_ticks_are_whole_and_positive(ticks):
    board = BoardUnderTest.__new__(BoardUnderTest)
    with pytest.raises(DriverError, match="it must be a whole number of ticks, at least 1"):
        board.run(ticks)


BRANCHES = LAW.replace(
    "    output.y = state.y\n",
    "    output.y = state.y\n    if input.x > 5.0:\n        output.y = 5.0\n",
)
MARK = """
import pytest

pytestmark = pytest.mark.firmware(controller="branches.py", rate_hz=1000)
"""
LOW = """

def test_low(board):
    board.run(4, input={"x": 1.0})
    board.assert_instructions_per_tick(max=1)
    board.assert_size(text=6000)

"""
FREE = """

@pytest.mark.firmware(link=True)
def test_free_running(board):
    board.run(3, input={"x": 1.0})
"""
HIGH = """

def test_high(board):
    board.run(2, input={"x": 7.0})
"""


@pytest.fixture
def covered(tmp_path):
    """Runs tests of a law with a branch: what is said, and the counts by line that are written."""
    (tmp_path / "branches.py").write_text(BRANCHES)

    def run(tests, *words):
        (tmp_path / "test_it.py").write_text(MARK + tests)
        file = tmp_path / "out" / "lines.info"
        chosen = ("--board", "virt-rv64", "--board-coverage", file, "--junitxml=report.xml")
        done = run_apart("-q", *words, *chosen, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "instructions_per_tick" not in (tmp_path / "report.xml").read_text()
        rows = [row.removeprefix("DA:") for row in file.read_text().split() if row[:3] == "DA:"]
        counts = {int(line): int(count) for line, count in (row.split(",") for row in rows)}
        law = BRANCHES.splitlines()
        first = counts[law.index("    state.n += np.uint32(1)") + 1]
        return done.stdout, first, counts[BRANCH]

    return run


BRANCH = BRANCHES.splitlines().index("        output.y = 5.0") + 1


def test_lines_that_no_test_ran_are_named(covered):
    said, first, taken = covered(LOW, "-p", "no:xdist")
    assert f"branches.py: 7 of 8, not {BRANCH}" in said
    assert (first, taken) == (4, 0)


def test_lines_of_many_workers_and_of_free_running_boards_add_up(covered):
    said, first, taken = covered(LOW + HIGH + FREE, "-n", "2")
    assert "branches.py: 8 of 8\n" in said
    # A free-running board goes on until it is told to stop.
    assert first >= 4 + 2 + 3 and taken == 2
