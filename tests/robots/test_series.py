"""Controllers in series are wired by name, cached on disk, and give the bits of their stages."""

import os
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from robots import catalogue
from robots.controllers import joint_impedance, limited_impedance, limiter, torque_limiter
from robots.controllers.contract import Controller
from robots.controllers.series import series
from robots.errors import RobotError
from robots.kernel import kernel

PANDA = catalogue.load("panda")


def test_it_gives_the_bits_of_a_composition_written_by_hand():
    whole = series("as_by_hand", limiter, joint_impedance, torque_limiter)
    one = whole.controller(7).instance(whole.params(PANDA, 500.0))
    other = limited_impedance.controller(7).instance(limited_impedance.params(PANDA, 500.0))
    rng = np.random.default_rng(2)
    for k in range(2000):
        for name in ("q", "dq", "q_goal"):
            value = PANDA.home * (name != "dq") + rng.normal(0, 0.2, 7)
            if k % 9 == 4:
                value[k % 7] = rng.choice([np.nan, np.inf, -0.0, 1e300])
            one.input[name] = other.input[name] = value
        one.step()
        other.step()
        for name in ("tau", "q_ref", "dq_ref", "flags"):
            assert one.output[name].tobytes() == other.output[name].tobytes(), (k, name)


def test_inputs_are_what_no_stage_before_gives_and_outputs_are_all():
    whole = series("whole", limiter, joint_impedance, torque_limiter).controller(7)
    assert whole.input.names == ("q", "q_goal", "dq")
    assert whole.output.names == ("q_ref", "dq_ref", "ddq_ref", "tau", "flags")
    assert whole.params.names == ("limiter", "joint_impedance", "torque_limiter")


def test_nothing_in_series_and_a_stage_twice_are_refused():
    with pytest.raises(RobotError, match="'none' has no stage"):
        series("none")
    with pytest.raises(RobotError, match="'limiter' twice"):
        series("twice", limiter, limiter).controller(7)


@kernel
def _half(params, state, input, output):
    output.q_goal[0] = 0.5 * input.wish
    output.flags = np.uint32(32)


def _law(goal):
    """A law of somebody else's: a wish in, a goal out."""
    dtypes = ([("unused", np.uint8)], [("unused", np.uint8)], [("wish", np.float64)])
    out = np.dtype([("q_goal", *goal), ("flags", np.uint32)], align=True)
    law = Controller("half", *(np.dtype(fields) for fields in dtypes), out, _half)
    return SimpleNamespace(
        controller=lambda n: law, params=lambda robot, rate: np.zeros(1, law.params)
    )


def test_a_law_from_elsewhere_goes_in_front_of_the_limiter():
    whole = series("wished", _law((np.float64, (7,))), limiter)
    instance = whole.controller(7).instance(whole.params(PANDA, 500.0))
    instance.input["wish"], instance.input["q"] = 0.4, PANDA.home
    for _ in range(800):
        instance.step()
    assert abs(instance.output["q_ref"][0, 0] - 0.2) < 1e-3
    assert instance.output["flags"][0] & 32


def test_fields_of_one_name_have_to_agree():
    with pytest.raises(RobotError, match="'q_goal' is .* for one stage"):
        series("askew", _law((np.float32, (7,))), limiter).controller(7)


def test_steps_takes_every_row():
    whole = series("rows", limiter, torque_limiter)
    law = whole.controller(7)
    arrays = [np.zeros(3, dtype) for dtype in (law.params, law.state, law.input, law.output)]
    arrays[0][:] = whole.params(PANDA, 500.0)
    arrays[2]["q"] = arrays[2]["q_goal"] = PANDA.home + np.arange(3)[:, None] * 0.1
    law.steps(*arrays)
    assert np.allclose(arrays[3]["q_ref"], arrays[2]["q"])


PROGRAM = """
import numpy as np
from robots import catalogue
from robots.controllers import limiter, torque_limiter
from robots.controllers.series import series
robot = catalogue.load("panda")
law = {series}
controller = law.controller(7)
run = controller.instance(law.params(robot, 500.0))
controller.steps(run.params, run.state, run.input, run.output)
print(sum(controller.steps.stats.cache_hits.values()))
"""


def test_the_second_process_takes_it_from_the_disk(tmp_path):
    def hits(text):
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(PROGRAM.format(series=text)))
        environment = {
            **os.environ,
            "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, str(program)], capture_output=True, text=True, env=environment,
            check=True,
        )  # fmt: skip
        return int(done.stdout)

    one = 'series("one", limiter, torque_limiter)'
    assert hits(one) == 0
    assert hits(one) == 1
    assert hits('series("two", torque_limiter, limiter)') == 0  # other stages, another kernel
    assert hits(one) == 1
