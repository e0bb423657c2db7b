"""The firmware's state machine, all of it, and its guard of the output: the C compiled here."""

import ctypes
import itertools

import driver_controllers as small
import host_c
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import guard
from drivers.errors import LinkError
from drivers.guard import check_limits, output_header
from drivers.mailbox import Fault
from drivers.protocol import Event, State
from drivers.toolchain.link import FIRMWARE
from drivers.toolchain.protocol_header import protocol_header
from robots import catalogue
from robots.controllers import limited_impedance
from robots.controllers.contract import Controller

# What docs/firmware.md promises. A pair that is not here is refused and changes nothing.
TABLE = {
    (State.BOOT, Event.BOOTED): State.IDLE,
    (State.IDLE, Event.LOADED): State.IDLE,
    (State.IDLE, Event.ARM): State.ARMED,  # with parameters
    (State.IDLE, Event.STOP): State.IDLE,
    (State.ARMED, Event.START): State.RUNNING,
    (State.ARMED, Event.STOP): State.IDLE,
    (State.RUNNING, Event.STOP): State.IDLE,
    (State.FAULT, Event.STOP): State.FAULT,
    (State.FAULT, Event.CLEAR): State.IDLE,
    **{(state, Event.FAULT): State.FAULT for state in State},
}


class Machine(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("state", "fault", "loaded")]

    def __iter__(self):
        return iter((self.state, self.fault, self.loaded))


@pytest.fixture(scope="module")
def c():
    generated = {"protocol.h": protocol_header()}
    path = host_c.shared_library("state", FIRMWARE / "state.c", generated=generated)
    return ctypes.CDLL(str(path))


def test_every_transition_is_the_one_in_the_table(c):
    events = [*Event, 7, 255, 2**32 - 1]
    for state, event, old, loaded, new in itertools.product(State, events, Fault, (0, 1), Fault):
        fault = old if state is State.FAULT else Fault.NONE
        machine = Machine(state, fault, loaded)
        taken = c.state_event(ctypes.byref(machine), event, new)
        after = TABLE.get((state, event))
        if event is Event.ARM and not loaded:
            after = None
        assert taken == (after is not None)
        if after is None:
            assert tuple(machine) == (state, fault, loaded)
            continue
        assert machine.state == after
        # The first fault stays, and nothing but CLEAR ends it.
        assert machine.fault == (
            (fault if state is State.FAULT else new)
            if event is Event.FAULT
            else (fault if after is State.FAULT else Fault.NONE)
        )
        assert machine.loaded == {Event.FAULT: 0, Event.LOADED: 1}.get(event, loaded)


def test_motors_may_move_in_running_alone(c):
    for state in [*range(8), 2**32 - 1]:
        assert c.state_may_move(ctypes.byref(Machine(state, 0, 1))) == (state == State.RUNNING)


@settings(deadline=None, derandomize=True)
@given(events=st.lists(st.sampled_from(Event), max_size=40))
def test_after_a_fault_nothing_moves_until_clear_load_arm_and_start(c, events):
    machine = Machine(State.RUNNING, Fault.NONE, 1)
    c.state_event(ctypes.byref(machine), Event.FAULT, Fault.TRAP)
    way = [Event.CLEAR, Event.LOADED, Event.ARM, Event.START]
    for event in events:
        c.state_event(ctypes.byref(machine), event, Fault.LIMIT)
        if way and event is way[0]:
            way.pop(0)
        assert not (way and c.state_may_move(ctypes.byref(machine)))


def _guard(controller):
    generated = {"protocol.h": protocol_header(), "output.h": output_header(controller)}
    name = f"guard-{controller.name}-{controller.output.itemsize}"
    found = ctypes.CDLL(str(host_c.shared_library(name, FIRMWARE / "guard.c", generated=generated)))

    def check(output, limits, flags=0):
        bits = np.ascontiguousarray(limits, "<f8")
        at = bits.ctypes.data_as(ctypes.c_void_p)
        return Fault(found.guard_check(output.tobytes(), at, flags))

    return check


ODD = np.dtype(
    [("flags", "<u2"), ("tau", "<f8", (2, 2)), ("f", "<f4"),
     ("deep", [("a", "<f8", (3,)), ("n", "<i4")], (2,)), ("n", "<u8")]
)  # fmt: skip


@pytest.fixture(scope="module", params=["plain", "packed and nested"])
def guarded(request):
    made = limited_impedance.controller(7)
    if request.param != "plain":
        made = Controller("odd", made.params, made.state, made.input, ODD, made.step)
    return made, _guard(made)


def _places(dtype, array):
    """Every float of a record, as views that can be written."""
    for name in dtype.names:
        part = array[name]
        if part.dtype.fields is not None:
            yield from _places(part.dtype, part)
        elif part.dtype.kind == "f":
            for index in np.ndindex(part.shape):
                yield part, index


def test_a_nan_anywhere_in_the_output_is_seen(guarded):
    controller, check = guarded
    limits = np.full(guard.commands(controller), np.inf)
    output = np.zeros(1, controller.output)
    assert check(output, limits) is Fault.NONE
    seen = 0
    for part, index in _places(controller.output, output):
        for value in (np.nan, -np.nan):
            part[index] = value
            assert check(output, limits) is Fault.NAN
        for value in (np.inf, -np.inf, 1e30, 5e-324, -0.0):
            part[index] = value
            assert check(output, limits) is Fault.NONE
        part[index] = 0
        seen += 1
    assert seen == (21 if controller.name != "odd" else 11)


def test_a_command_beyond_its_limit_is_seen_and_one_at_it_is_not(guarded):
    controller, check = guarded
    count = guard.commands(controller)
    rng = np.random.default_rng(3)
    for _ in range(300):
        limits = rng.uniform(0, 100, count)
        output = np.zeros(1, controller.output)
        tau = output["tau"].reshape(-1)
        tau[:] = limits * rng.choice([-1, 1, 0.3, 0], count)
        output["tau"] = tau.reshape(output["tau"].shape)
        assert check(output, limits) is Fault.NONE
        i = rng.integers(count)
        tau[i] = np.nextafter(limits[i], np.inf) * rng.choice([-1, 1])
        output["tau"] = tau.reshape(output["tau"].shape)
        assert check(output, limits) is Fault.LIMIT


def test_flags_count_as_the_host_says(guarded):
    controller, check = guarded
    limits = np.full(guard.commands(controller), np.inf)
    output = np.zeros(1, controller.output)
    for bit in range(16):
        output["flags"] = 1 << bit
        assert check(output, limits, 1 << bit) is Fault.LIMIT
        assert check(output, limits, 0xFFFF & ~(1 << bit)) is Fault.NONE


def test_an_output_without_flags_or_commands_is_judged_by_its_floats():
    check = _guard(small.one("scale", small._scale))
    output = np.zeros(1, small._ONE["output"])
    for value, fault in ((1e300, Fault.NONE), (np.inf, Fault.NONE), (np.nan, Fault.NAN)):
        output["y"] = value
        assert check(output, np.zeros(0), 0xFFFFFFFF) is fault


def test_limits_are_those_of_the_robot():
    panda, controller = catalogue.load("panda"), limited_impedance.controller(7)
    limits = guard.limits(controller, limited_impedance.params(panda, 1000.0))
    assert limits.tolist() == list(panda.tau_max)


@pytest.mark.parametrize(
    ("given", "said"),
    [([1.0] * 6, "6 limits for limited_impedance, which has 7"), ([-1.0] * 7, "from 0 to infin"),
     ([np.nan] * 7, "from 0 to infin")],
)  # fmt: skip
def test_limits_that_are_none_are_refused(given, said):
    with pytest.raises(LinkError, match=said):
        check_limits(limited_impedance.controller(7), given)
