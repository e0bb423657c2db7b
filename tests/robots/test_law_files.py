"""A controller in a file of one's own: read, refused in one line, and never stale on disk."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from robots import catalogue, controllers
from robots.controllers import limiter
from robots.controllers.series import series
from robots.errors import RobotError

ROOT = Path(__file__).parents[2]
PANDA = catalogue.load("panda")
LAW = """
import numpy as np
from robots.controllers.contract import Controller
from robots.kernel import kernel

def controller(n):
    vector, one = (np.float64, (n,)), np.float64
    return Controller(
        name="pull",
        params=np.dtype([("kp", one)]),
        state=np.dtype([("unused", np.uint32)]),
        input=np.dtype([("q", *vector), ("dq", *vector), ("q_goal", *vector)]),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)]),
        step=step,
    )

def params(robot, rate_hz):
    record = np.zeros(1, controller(len(robot.home)).params)
    record["kp"] = 2.0
    return record

@kernel
def step(params, state, input, output):
    for i in range(len(input.q)):
        output.tau[i] = params.kp * (input.q_goal[i] - input.q[i])
    output.flags = np.uint32(0)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pull.py"
    path.write_text(LAW)
    return path


def torque(law):
    made, params = controllers.for_robot(law, PANDA, 500.0)
    instance = made.instance(params)
    instance.input["q_goal"] = 1.0
    instance.step()
    return float(instance.output["tau"][0, 0])


def test_a_path_does_where_a_name_does(file, monkeypatch):
    assert torque(file) == torque(str(file)) == 2.0
    monkeypatch.chdir(file.parent)
    assert torque("pull.py") == torque("./pull.py") == 2.0
    assert controllers.robot_for("pull.py").name == "panda"
    assert controllers.robot_for("pull.py", "so101").name == "so101"
    assert controllers.reference("pull.py") == str(file)
    law = controllers.load("pull.py")
    assert controllers.load(law) is law is controllers.load(file)


def test_an_edited_file_is_read_anew(file):
    assert torque(file) == 2.0
    file.write_text(LAW.replace("2.0", "3.0"))
    assert torque(file) == 3.0
    file.write_text(LAW.replace("params.kp *", "5.0 * params.kp *"))
    assert torque(file) == 10.0
    file.write_text(LAW)
    assert torque(file) == 2.0


def test_it_may_say_what_robot_it_is_for(file):
    file.write_text(LAW + "\nROBOT = 'so101'\n")
    assert controllers.robot_for(file).name == "so101"
    file.write_text(LAW + "\nROBOT = 'so100'\n")
    with pytest.raises(RobotError, match="ROBOT is 'so100'; choose from panda"):
        controllers.robot_for(file)


def test_it_stands_in_series_with_the_limiter(file):
    file.write_text(
        LAW.replace("q_goal", "q_ref").replace("controller(", "bare(")
        + "\nimport sys\nfrom types import SimpleNamespace\n"
        + "from robots.controllers import limiter, torque_limiter\n"
        + "from robots.controllers.series import series\n"
        + "law = SimpleNamespace(controller=bare, params=params)\n"
        + "whole = series('whole', limiter, law, torque_limiter)\n"
        + "controller, params = whole.controller, whole.params\n"
    )
    made, params = controllers.for_robot(file, PANDA, 500.0)
    instance = made.instance(params)
    instance.input["q"] = PANDA.home
    instance.input["q_goal"] = PANDA.home + 0.1
    for _ in range(1000):
        instance.step()
    assert np.allclose(instance.output["tau"], 0.2, atol=1e-6)


def refused(file, text):
    if text is not None:
        file.write_text(text)
    with pytest.raises(RobotError) as raised:
        controllers.for_robot(str(file), PANDA, 500.0)
    assert str(file) in str(raised.value) and "\n" not in str(raised.value)
    return str(raised.value)


def test_a_file_that_is_none_is_refused_in_one_line_that_names_it(tmp_path):
    file = tmp_path / "wrong.py"
    assert "No such file" in refused(file, None)
    assert "does not import: SyntaxError" in refused(file, "def controller(:\n")
    assert "does not import: ModuleNotFoundError: No module named 'no_such'" in refused(
        file, "import no_such\n"
    )
    assert "SystemExit" in refused(file, "import sys; sys.exit(3)\n")
    assert "has no controller(n) and no params(robot, rate_hz)" in refused(file, "x = 1\n")
    assert "has no params(robot, rate_hz)" in refused(file, LAW.replace("def params", "def param"))
    assert "size is 7; it must be size(robot)" in refused(file, LAW + "\nsize = 7\n")
    assert not [name for name in sys.modules if name.startswith("wrong_")]
    tmp_path.joinpath("folder.py").mkdir()
    assert "Is a directory" in refused(tmp_path / "folder.py", None)


def test_a_law_that_makes_no_controller_is_refused_in_one_line(tmp_path):
    file = tmp_path / "wrong.py"
    assert "controller(7) gave None" in refused(file, LAW.replace("return Contr", "Contr"))
    assert "is no kernel; decorate it" in refused(file, LAW.replace("@kernel\n", ""))
    assert "controller(7) raised NameError" in refused(file, LAW.replace("step=step", "step=stp"))
    assert "params(robot, rate_hz) raised AttributeError" in refused(
        file, LAW.replace("robot.home", "robot.hom")
    )
    assert "it must give an array (1,)" in refused(file, LAW.replace("return record", "return 3"))
    assert "gave an array (2,)" in refused(file, LAW.replace("np.zeros(1", "np.zeros(2"))


def test_a_kernel_that_does_not_compile_is_refused_in_one_line(file):
    for wrong, says in (("params.kq *", "KeyError: 'kq'"), ("kp *", "'kp' is not defined")):
        file.write_text(LAW.replace("params.kp *", wrong))
        with pytest.raises(RobotError, match=f"kernel pull cannot be compiled: .*{says}") as raised:
            torque(file)
        assert "\n" not in str(raised.value)


def test_what_is_no_law_is_refused():
    with pytest.raises(RobotError, match="has no controller"):
        controllers.load(np)
    with pytest.raises(RobotError, match="has no name that another process could load"):
        controllers.reference(series("mine", limiter))
    assert controllers.reference(limiter) == "limiter"
    assert controllers.reference("limited_diff_ik") == "limited_diff_ik"


PROGRAM = """
import sys
from robots import catalogue, controllers
law, params = controllers.for_robot(sys.argv[1], catalogue.load("panda"), 500.0)
run = law.instance(params)
run.input["q_goal"] = 1.0
if sys.argv[2:]:
    law.step(*(rows[0] for rows in (run.params, run.state, run.input, run.output)))
    print(run.output["tau"][0, 0], sum(law.step.stats.cache_hits.values()))
else:
    run.step()
    print(run.output["tau"][0, 0], int("numba" not in sys.modules))
"""


@pytest.mark.parametrize("numba", [True, False])
def test_its_kernel_is_kept_on_disk_and_an_edit_counts(tmp_path, numba):
    def run(folder):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder / "pull.py"), *["numba"] * numba],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
        return tuple(float(word) for word in done.stdout.split())

    first = tmp_path / "first"
    first.mkdir()
    (first / "pull.py").write_text(LAW)
    assert run(first) == (2.0, 0)
    assert run(first) == (2.0, 1)
    (first / "pull.py").write_text(LAW.replace("params.kp *", "5.0 * params.kp *"))
    assert run(first) == (10.0, 0)
    assert run(first) == (10.0, 1)
    # A folder that has moved takes its compiled kernels with it.
    assert run(first.rename(tmp_path / "second")) == (10.0, 1)
