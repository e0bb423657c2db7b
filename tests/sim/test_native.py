"""Compiled loops on Bullet's C interface give the bits that PyBullet's functions give."""

import ctypes
import sys

import numpy as np
import pybullet as bullet
import pytest
from rollouts import actions, make, rollout, with_gaps

from robots.actuator import HostActuator
from robots.controllers import limited_impedance
from sim import native
from sim.world import World

pytestmark = pytest.mark.skipif(
    native._table() is None, reason="this build of PyBullet hides its clients' handles"
)


@pytest.fixture
def without(monkeypatch):
    """Make environments that have no way to Bullet's C interface."""

    def build(*args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setattr(native, "handle", lambda client: None)
            env = make(*args, **kwargs)
        assert not any(arm.compiled for arm in env.rig.arms)
        return env

    return build


@pytest.mark.parametrize(
    ("task", "mode"),
    [
        ("KitTray", "ee_delta"),
        ("KitTray", "joint_setpoints"),
        ("PegInsert", "ee_delta"),
        ("HandOver", "joint_delta"),
        ("PanelOperate", "ee_pose"),
        ("MachineTend", "joint_position"),
        ("ConveyorSort", "ee_delta"),
        ("DeliverTote", "velocity"),
        ("Inspect", "velocity"),
    ],
)
def test_compiled_steps_give_the_bits_of_pybullets_functions(without, task, mode):
    compiled, plain = make(task, control_mode=mode), without(task, control_mode=mode)
    assert all(arm.compiled for arm in compiled.rig.arms)
    given = actions(compiled, 2, 8)
    if mode == "joint_setpoints":
        given = with_gaps(given)
    assert rollout(compiled, given) == rollout(plain, given)
    compiled.close()
    plain.close()


def test_a_traced_step_gives_the_same_bits():
    compiled, traced = make("KitTray"), make("KitTray", trace=True)
    given = actions(compiled, 3, 5)
    assert rollout(compiled, given) == rollout(traced, given)
    assert len(traced.trace["tau"]) == 5 * traced.ticks
    compiled.close()
    traced.close()


def test_another_actuator_is_not_passed_by():
    class Counting:
        """An actuator that only keeps to the protocol."""

        def __init__(self):
            self.inner, self.ticks = HostActuator(limited_impedance.controller(7)), 0
            self.controller = self.inner.controller
            self.input, self.output = self.inner.input, self.inner.output
            self.start, self.close = self.inner.start, self.inner.close

        def tick(self):
            self.ticks += 1
            self.inner.tick()

    actuator = Counting()
    env = make("KitTray", actuator=actuator)
    env.reset(seed=0)
    env.step(np.zeros(7, np.float32))
    assert actuator.ticks == env.ticks
    env.close()


def test_a_handle_is_its_own_clients():
    one, other = World(500, "none"), World(500, "none")
    assert one.handle and other.handle and one.handle != other.handle
    one.add_box((1, 1, 1), (0, 0, 0), (1, 1, 1, 1))
    module = ctypes.CDLL(bullet.__file__)
    module.b3GetNumBodies.argtypes = [ctypes.c_void_p]
    assert module.b3GetNumBodies(one.handle) == 1
    assert module.b3GetNumBodies(other.handle) == 0
    one.close()
    other.close()
    assert one.handle == 0


def test_no_handle_is_given_for_a_file_that_is_no_module(tmp_path):
    wrong = tmp_path / "module.so"
    wrong.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(100))
    with pytest.raises(ValueError, match="ELF"):
        native._symbols(str(wrong), (native.TABLE,))
    with pytest.raises(KeyError):
        native._symbols(bullet.__file__, ("no_such_symbol",))
    if sys.platform == "linux":
        assert native._symbols(bullet.__file__, (native.TABLE,))[native.TABLE][1] > 0
