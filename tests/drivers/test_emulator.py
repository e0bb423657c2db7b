"""The emulated board and the host give the same bits; and where they do not, it is seen."""

import os
from dataclasses import replace

import numpy as np
import pytest
from driver_controllers import BOARDS, N, one, pd_params

from drivers.difference import first_difference
from drivers.emulator import Emulator
from drivers.errors import EmulatorError, ToolchainError
from drivers.mailbox import Fault, Status
from drivers.toolchain import build
from hardware import load_board
from robots import catalogue, legged
from robots.controllers import gait, leg_impedance, limited_impedance
from robots.kernel import kernel

EDGES = np.array(
    [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
     -1.7976931348623157e308, np.inf, -np.inf, np.nan, -np.nan, np.pi, 2.0**53, 1e-300]
)  # fmt: skip


@pytest.fixture(params=BOARDS)
def board(request):
    return request.param


def assert_equal(emulator, ticks):
    assert emulator.first_difference is None
    assert emulator.ticks_differing == 0
    assert emulator.ticks == ticks


def test_thousands_of_random_ticks_are_equal_in_every_bit(pd, board):
    rng = np.random.default_rng(7)
    ticks = 4000
    with Emulator(pd, board) as emulator:
        emulator.start(pd_params(pd))
        reference = pd.instance(pd_params(pd))
        for _ in range(ticks):
            for field in ("q", "dq", "goal"):
                emulator.input[field] = rng.normal(scale=2.0, size=N)
            emulator.tick()
            reference.input[:] = emulator.input
            reference.step()
            assert emulator.output.tobytes() == reference.output.tobytes()
        assert_equal(emulator, ticks)
        assert emulator.last_instructions > 50
        assert emulator.instructions_per_tick == emulator.instructions / ticks
        assert 0 < emulator.stack_used() < emulator.firmware.stack_bytes


def test_arithmetic_at_the_edges_is_equal(scale, board):
    params = np.zeros(1, scale.params)
    with Emulator(scale, board) as emulator:
        for k in EDGES[np.isfinite(EDGES) & (EDGES != 0)]:
            params["k"] = k
            emulator.start(params)
            finite = EDGES[np.isfinite(EDGES)]
            for x in finite:
                emulator.input["x"] = x
                emulator.tick()
                with np.errstate(over="ignore", under="ignore"):
                    assert emulator.output["y"][0].tobytes() == (k * x).tobytes()
            assert_equal(emulator, len(finite))


def test_limited_impedance_is_equal(board):
    robot = catalogue.load("panda")
    controller = limited_impedance.controller(7)
    rng = np.random.default_rng(3)
    ticks = 400 if "soft" in board else 3000
    goal = robot.home
    with Emulator(controller, board) as emulator:
        emulator.start(limited_impedance.params(robot, 1000.0))
        for i in range(ticks):
            if i % 100 == 0:
                goal = robot.home + rng.normal(scale=0.4, size=7)
            emulator.input["q"] = robot.home + rng.normal(scale=0.05, size=7)
            emulator.input["dq"] = rng.normal(scale=0.3, size=7)
            emulator.input["q_goal"] = goal
            emulator.tick()
        assert_equal(emulator, ticks)


def test_limited_impedance_is_equal_on_nonsense(board):
    robot = catalogue.load("panda")
    controller = limited_impedance.controller(7)
    rng = np.random.default_rng(4)
    with Emulator(controller, board) as emulator:
        emulator.start(limited_impedance.params(robot, 1000.0))
        for i in range(300):
            for field in ("q", "dq", "q_goal"):
                value = robot.home + rng.normal(scale=0.1, size=7)
                mask = rng.random(7) < 0.15
                value[mask] = rng.choice(EDGES, mask.sum())
                emulator.input[field] = value
            emulator.tick()
            assert not np.isnan(emulator.output["tau"]).any()
            assert emulator.ticks == i + 1
        assert_equal(emulator, 300)


def test_the_gait_is_equal_walking_standing_and_falling(board):
    robot = legged.load("a1")
    rng = np.random.default_rng(6)
    ticks = 300 if "soft" in board else 4000
    with Emulator(gait.controller(), board) as emulator:
        emulator.start(gait.params(robot, 500.0))
        emulator.input["q"] = robot.home
        down = 0
        for i in range(ticks):
            if i % 400 == 0:
                command = rng.normal(0, 0.4, 3) if i % 1200 else np.zeros(3)
            emulator.input["command"] = command
            emulator.input["orientation"] = (*rng.normal(0, 0.03, 2), 0.3, 0.9)
            if i % 1000 == 250:
                emulator.input["orientation"] = rng.choice(EDGES, 4)
            emulator.input["gyro"] = rng.normal(0, 0.3, 3)
            emulator.tick()
            emulator.input["q"] = emulator.output["q_ref"] + rng.normal(0, 0.01, 12)
            emulator.input["dq"] = emulator.output["dq_ref"] + rng.normal(0, 0.1, 12)
            down += emulator.output["down"].sum()
        assert 2 * ticks < down < 4 * ticks
        assert_equal(emulator, ticks)


def test_leg_impedance_is_equal():
    robot = legged.load("a1")
    rng = np.random.default_rng(8)
    with Emulator(leg_impedance.controller(), "virt-rv64") as emulator:
        emulator.start(leg_impedance.params(robot, 500.0))
        for i in range(2000):
            if i % 100 == 0:
                emulator.input["q_goal"] = robot.home + rng.normal(0, 0.4, 12)
            emulator.input["q"] = robot.home + rng.normal(0, 0.1, 12)
            emulator.input["dq"] = rng.normal(0, 0.5, 12)
            emulator.tick()
        assert_equal(emulator, 2000)


def test_our_maths_is_equal(board):
    maths_probe = pytest.importorskip("robots.controllers.maths_probe")
    controller = maths_probe.controller()
    rng = np.random.default_rng(5)
    pairs = np.array([(x, y) for x in EDGES for y in EDGES])
    rows = [pairs[i : i + 8] for i in range(0, len(pairs), 8)]
    for scale in (1.0, 20.0, 1e6, 1e300, 1e-300):
        rows += list(rng.normal(scale=scale, size=(60, 8, 2)))
    with Emulator(controller, board) as emulator:
        emulator.start(np.zeros(1, controller.params))
        for row in rows:
            emulator.input["x"], emulator.input["y"] = row.T
            emulator.tick()
        assert_equal(emulator, len(rows))


def on_other_firmware(controller, step):
    """Give an emulator whose host steps another kernel than its board."""
    firmware = build(controller, load_board("virt-rv64"))
    return Emulator(replace(controller, step=step), "virt-rv64", firmware=firmware)


def test_a_different_host_kernel_is_detected(scale):
    @kernel
    def other(params, state, input, output):
        state.n += 1
        # The same value everywhere but at 3.0, where it is a bit away.
        output.y = params.k * input.x
        if input.x == 3.0:
            output.y = output.y * (1.0 + 2.0**-52)

    params = np.ones(1, scale.params)
    with on_other_firmware(scale, other) as emulator:
        emulator.start(params)
        for x in (1.0, 2.0, 3.0, 4.0, 3.0):
            emulator.input["x"] = x
            emulator.tick()
        assert (emulator.ticks, emulator.ticks_differing) == (5, 2)
        assert "tick 2: output.y is 3.0 on the board and 3.000000000000001" in (
            emulator.first_difference
        )
        assert "0x4008000000000000 and 0x4008000000000002" in emulator.first_difference
        assert emulator.output["y"][0] == 3.0  # the board's


def test_a_state_that_drifts_apart_is_detected(scale):
    @kernel
    def forgetful(params, state, input, output):
        output.y = params.k * input.x

    params = np.ones(1, scale.params)
    with on_other_firmware(scale, forgetful) as emulator:
        emulator.start(params)
        emulator.tick()
        assert emulator.ticks_differing == 1
        assert "tick 0: state.n is 1 on the board and 0 on the host" in emulator.first_difference
        emulator.start(np.ones(1, scale.params))
        assert (emulator.ticks, emulator.first_difference) == (0, None)


def test_without_comparison_the_output_is_the_boards(scale):
    with Emulator(scale, "virt-rv32", compare=False) as emulator:
        params = np.ones(1, scale.params)
        params["k"] = 3.0
        emulator.start(params)
        emulator.input["x"] = 5.0
        emulator.tick()
        assert emulator.output["y"][0] == 15.0
        assert emulator.ticks == 1


def test_two_runs_count_the_same_instructions_at_every_tick(pd_aligned, board):
    def run():
        rng = np.random.default_rng(11)
        counts = []
        with Emulator(pd_aligned, board) as emulator:
            emulator.start(pd_params(pd_aligned))
            for _ in range(500):
                emulator.input["q"] = rng.normal(size=N)
                emulator.tick()
                counts.append(emulator.last_instructions)
        return counts

    first = run()
    assert first == run()
    assert min(first) > 0


def test_start_resets_state_counters_and_arrays(pd_aligned):
    with Emulator(pd_aligned, "virt-rv64") as emulator:
        outputs = []
        for _ in range(2):
            emulator.start(pd_params(pd_aligned))
            assert not emulator.input.view(np.uint8).any()
            for i in range(50):
                emulator.input["goal"] = i
                emulator.tick()
            outputs.append(emulator.output.tobytes())
            assert_equal(emulator, 50)
        assert outputs[0] == outputs[1]


def test_parameters_of_another_controller_are_refused(scale, pd_aligned):
    with (
        Emulator(scale, "virt-rv64") as emulator,
        pytest.raises(ValueError, match="scale takes shape"),
    ):
        emulator.start(np.zeros(1, pd_aligned.params))


def test_a_kernel_that_raises_never_gets_onto_a_board(raising, board):
    with pytest.raises(ToolchainError, match=r"driver_controllers\.py:\d+: it raises ValueError"):
        Emulator(raising, board)


def test_the_watchdog_stops_a_free_running_board_whose_host_is_silent(board):
    @kernel
    def count(params, state, input, output):
        state.n += 1
        output.y = 7.0

    controller = one("count", count)
    with Emulator(controller, board) as emulator:
        emulator.start(np.zeros(1, controller.params))
        emulator.free_run(rate_hz=1000.0, watchdog_s=0.05)
        _until(lambda: emulator.health()[0] == Status.FAULT)
        status, fault, ticks = emulator.health()
        assert (status, fault) == (Status.FAULT, Fault.HOST_LOST)
        assert 49 <= ticks <= 51
        assert emulator.board_output()["y"][0] == 0.0
        with pytest.raises(EmulatorError, match="no sign of life"):
            emulator.tick()


def test_a_free_running_board_goes_on_while_the_host_lives(scale):
    with Emulator(scale, "virt-rv64") as emulator:
        params = np.ones(1, scale.params)
        emulator.start(params)
        # A minute of simulated patience: the guest's time runs free of ours.
        emulator.free_run(rate_hz=10.0, watchdog_s=60.0)

        def beaten():
            emulator.beat()
            return emulator.health()[2] >= 20

        _until(beaten)
        assert emulator.health()[1] == Fault.NONE
        emulator.start(params)  # a command ends it
        emulator.input["x"] = 2.0
        emulator.tick()
        assert emulator.output["y"][0] == 2.0
        assert_equal(emulator, 1)


def _until(done):
    for _ in range(10_000_000):
        if done():
            return
        os.sched_yield()
    raise AssertionError("did not happen")


def test_differences_are_named_down_to_the_element():
    kind = np.dtype([("a", np.float32), ("b", [("c", np.int16, (2, 2))])])
    one_, other = np.zeros(1, kind), np.zeros(1, kind)
    assert first_difference(one_, other, "x") is None
    other["b"]["c"][0, 1, 0] = -2
    assert first_difference(one_, other, "x") == (
        "x.b.c[2] is 0 on the board and -2 on the host (bits 0x0000 and 0xfffe)"
    )
    one_["a"], other["a"] = 0.0, -0.0
    assert "bits 0x00000000 and 0x80000000" in first_difference(one_, other, "x")


def test_many_ticks_in_one_call_are_the_same_ticks(scale):
    numbers = [*EDGES[np.isfinite(EDGES)], *np.random.default_rng(0).normal(size=2500)]
    inputs = np.array(numbers).view(scale.input)
    params = np.full(1, 3.0).view(scale.params)
    with Emulator(scale, "virt-rv64") as emulator:
        found = {}
        for way in ("run", "tick"):
            emulator.start(params)
            emulator.miss_ticks(2)
            if way == "run":
                outputs = emulator.run(inputs)
            else:
                for k in range(len(inputs)):
                    emulator.input[0] = inputs[k]
                    emulator.tick()
                    outputs[k] = emulator.output[0]
            found[way] = (
                outputs.tobytes(),
                emulator.output.tobytes(),
                emulator.ticks,
                emulator.ticks_missed,
                emulator.instructions,
            )
            assert_equal(emulator, len(inputs) - 2)
        assert found["run"] == found["tick"]
        assert not np.frombuffer(found["run"][0], scale.output)["y"][:2].any()  # missed: as it was


def test_inputs_of_another_kind_are_refused(scale):
    with Emulator(scale, "virt-rv64") as emulator:
        emulator.start(np.ones(1, scale.params))
        with pytest.raises(ValueError, match=r"scale takes shape \(n,\) of"):
            emulator.run(np.zeros((2, 2), scale.input))
        with pytest.raises(ValueError, match="inputs have dtype float64"):
            emulator.run(np.zeros(2))


def test_a_kernel_that_is_no_function_of_ours_is_compared_too(scale):
    def plain(params, state, input, output):
        state["n"] += 1
        output["y"] = params["k"] * input["x"]

    with on_other_firmware(scale, plain) as emulator:
        assert emulator.entry is None
        emulator.start(np.full(1, 2.0).view(scale.params))
        outputs = emulator.run(np.array([1.0, -0.0, 3.0]).view(scale.input))
        assert outputs["y"].tolist() == [2.0, 0.0, 6.0]
        assert_equal(emulator, 3)
