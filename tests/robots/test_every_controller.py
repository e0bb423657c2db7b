"""What holds for every controller of the catalogue, whatever comes in."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import catalogue, controllers
from robots.controllers import flags
from robots.errors import RobotError
from robots.gripper import fingers

sys.path.insert(0, str(Path(__file__).parents[1] / "drivers"))
import random_inputs  # noqa: E402

LAWS = [name for name in controllers.names() if name not in ("maths_probe", "dls_ik")]
"""A probe of arithmetic, and a solver whose report may be infinite, have tests of their own."""
ARM_LAWS = [n for n in LAWS if controllers.usual_robot(n) == "panda"]
RATELESS = (
    "joint_impedance",
    "joint_stops",
    "wrench_sensor",
    "gait",
    "diff_drive",
    "leg_impedance",
)
"""Nothing in the first three depends on the rate; the others have tests of their own."""
RATE = 500.0


@given(st.integers(0, 2**32 - 1), st.sampled_from(LAWS))
@settings(max_examples=60, deadline=None)
def test_outputs_are_numbers_and_limits_hold(seed, name):
    robot = controllers.robot_for(name)
    law, params = controllers.for_robot(name, robot, RATE)
    instance = law.instance(params)
    body = fingers(robot) if "gripper" in name else robot
    last = None
    for row in random_inputs.inputs(law, robot, 150, seed):
        instance.input[0] = row
        instance.step()
        for field in law.output.names:
            assert np.isfinite(instance.output[field]).all(), (name, field)
        if not name.startswith("limited"):
            continue
        out = instance.output[0]
        tau = out["tau"].copy()
        assert (np.abs(tau) <= body.tau_max).all()
        reach = body.dtau_max / RATE * (1 + 1e-9)
        assert last is None or (np.abs(tau - last) <= reach).all()
        last = tau
        if out["q_ref"].any():  # it reads zero before the joints have been measured
            assert (out["q_ref"] >= body.q_min).all() and (out["q_ref"] <= body.q_max).all()
        assert (np.abs(out["dq_ref"]) <= body.dq_max * (1 + 1e-9)).all()


@pytest.mark.parametrize("robot", catalogue.names())
@pytest.mark.parametrize("name", ARM_LAWS)
def test_it_is_set_for_every_arm(name, robot):
    body = catalogue.load(robot)
    law, params = controllers.for_robot(name, body, RATE)
    assert params.shape == (1,) and params.dtype == law.params
    assert all(np.isfinite(row).all() for row in _floats(params))


def _floats(array):
    if array.dtype.names:
        for name in array.dtype.names:
            yield from _floats(array[name])
    else:
        yield array


@pytest.mark.parametrize("name", [n for n in LAWS if n not in RATELESS])
def test_a_rate_that_is_none_is_refused(name):
    with pytest.raises(RobotError, match="rate_hz is"):
        controllers.for_robot(name, controllers.robot_for(name), np.nan)


def test_limited_forms_name_what_there_is():
    for name, stages in controllers.ARRANGEMENTS.items():
        assert name.startswith("limited_") and "limiter" in stages
        assert set(stages) <= set(controllers.MODULES)
        assert controllers.load(name).name == name
    assert controllers.load("diff_ik").controller(7).name == "diff_ik"


def test_a_robot_of_another_kind_is_refused():
    with pytest.raises(RobotError, match="unknown robot 'husky'"):
        controllers.robot_for("diff_ik", "husky")
    assert controllers.robot_for("limiter", "a1").name == "a1"
    assert controllers.robot_for("gait").name == "a1"


def test_every_flag_of_a_controller_has_a_name():
    for name in controllers.MODULES:
        module = controllers.load(name)
        names = getattr(module, "FLAG_NAMES", flags.NAMES)
        for flag in [
            key for key in vars(module) if key.startswith("FLAG_") and key != "FLAG_NAMES"
        ]:
            assert getattr(module, flag) in names, (name, flag)
    own = {key: value for key, value in vars(flags).items() if key.startswith("FLAG_")}
    del own["FLAG_NAMES"]
    assert set(own.values()) == set(flags.NAMES) and len(set(flags.NAMES.values())) == len(own)
    assert all(bit.bit_count() == 1 for bit in own.values())
