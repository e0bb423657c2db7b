"""Faults injected on purpose: each ends in the documented state, and no motor moves after it."""

import numpy as np
import pytest
import trouble

from drivers.emulator import Emulator
from drivers.errors import EmulatorError, LinkError
from drivers.linked import LinkedBoard
from drivers.mailbox import Fault
from drivers.protocol import State
from drivers.toolchain.elf import symbols

BOARDS = ("virt-rv64", "virt-rv32-soft", "hifive1")


@pytest.fixture(scope="module", params=BOARDS)
def shared(request):
    with LinkedBoard(trouble.controller, request.param) as board:
        yield board


@pytest.fixture
def board(shared):
    """The board, running within its limits with outputs reported."""
    link = shared.link
    shared.wire.silent = False
    shared.wire.delay(0)
    shared.unstick()
    link.timeout_s = 10.0
    trouble.calm(link)
    run(shared)
    return shared


def period(board):
    return 2000 / board.link.timer_hz


def run(board, patience=2**31):
    link = board.link
    link.load(trouble.params())
    link.arm(rate_hz=1 / period(board), watchdog_s=patience * period(board), every=1)
    link.send(trouble.given())
    link.start()
    while len(link.outputs) < 3:
        link.poll()


def until_stopped(board, fault):
    """Wait for the fault; nothing has gone to the motors after its tick, nor ever will."""
    link = board.link
    while link.crash is None:
        link.poll()
    crash = link.crash
    assert crash.fault is fault
    assert all(output.tick <= crash.tick for output in link.outputs)
    assert all(np.abs(output.output["tau"]).max() <= 10 for output in link.outputs)
    assert not board.box["output"].tobytes().strip(b"\0")
    told, status = len(link.outputs), link.status()
    assert (status.state, status.fault, status.ticks) == (State.FAULT, fault, crash.tick)
    with pytest.raises(LinkError, match="it is fault"):
        link.start()
    assert len(link.outputs) == told
    assert not board.box["output"].tobytes().strip(b"\0")
    return crash


def test_a_turned_bit_in_a_parameter_ends_in_the_limit_fault(board):
    board.flip_field("params.k", 58)  # bits of the exponent: from 1 to 2**-64,
    board.flip_field("params.k", 62)  # and from there to 2**960
    until_stopped(board, Fault.LIMIT)


def test_a_turned_bit_at_the_stacks_end_ends_in_the_stack_fault():
    with LinkedBoard(trouble.controller, "virt-rv64") as board:
        run(board)
        found = symbols(board.firmware.elf.read_bytes())
        bottom = next(symbol.value for symbol in found if symbol.name == "__stack_bottom")
        board.flip_bit(bottom, 3)
        until_stopped(board, Fault.STACK)
        with pytest.raises(LinkError, match="refuses clear"):
            board.link.clear()  # only a reset helps
        board.reset()
        board.link.hello()
        assert board.link.status().state is State.IDLE


def test_lost_and_spoilt_bytes_cost_their_frame_and_nothing_else(board):
    link, before = board.link, board.link.status()
    board.wire.drop(3)
    board.send(trouble.given(q=(5.0, 5.0)))
    board.wire.corrupt(7, 0x10)
    board.send(trouble.given(q=(6.0, 6.0)))
    after = link.status()
    assert (board.wire.lost >= 3, after.state, after.lost - before.lost) == (True, State.RUNNING, 2)
    assert all(output.output["tau"][0].tolist() == [1.0, 2.0] for output in link.outputs)
    link.stop()
    assert not board.box["output"].tobytes().strip(b"\0")


def test_late_bytes_arrive_in_order_and_the_board_goes_on(board):
    link = board.link
    board.wire.delay(3)
    last = 0
    for i in range(4):
        last = board.send(trouble.given(q=(float(i), 0.0)))
    while link.outputs[-1].input_sequence != last:
        link.poll()
    seen = [output.input_sequence for output in link.outputs]
    assert seen == sorted(seen)
    assert link.outputs[-1].output["tau"][0].tolist() == [3.0, 0.0]


def test_a_stuck_sensor_within_the_limits_is_followed_and_a_blind_one_stops(board):
    link = board.link
    board.stick("q", (4.0, 4.0))
    sequence = board.send(trouble.given(q=(1.0, 2.0)))
    while link.outputs[-1].input_sequence != sequence:
        link.poll()
    assert link.outputs[-1].output["tau"][0].tolist() == [4.0, 4.0]
    board.stick("q", np.nan)
    board.send(trouble.given())
    until_stopped(board, Fault.NAN)


def test_missed_ticks_end_in_the_overrun_fault(board):
    board.miss_ticks(5 * period(board))
    until_stopped(board, Fault.OVERRUN)


def test_a_silent_host_is_lost_and_found_again(board):
    board.link.stop()
    board.link.outputs.clear()
    run(board, patience=500)
    board.wire.silent = True
    link = board.link
    while link.crash is None:
        link.poll()
    assert link.crash.fault is Fault.HOST_LOST
    assert not board.box["output"].tobytes().strip(b"\0")
    board.wire.silent = False
    until_stopped(board, Fault.HOST_LOST)


def test_a_reset_in_mid_motion_leaves_the_board_idle_and_obeying_nobody(board):
    link = board.link
    board.reset()
    assert not board.box["output"].tobytes().strip(b"\0")
    assert int(board.box["header"]["ticks"][0]) == 0
    with pytest.raises(LinkError, match="say hello first"):
        link.start()
    link.outputs.clear()
    link.hello()
    status = link.status()
    assert (status.state, status.fault, status.ticks) == (State.IDLE, Fault.NONE, 0)
    with pytest.raises(LinkError, match="it is idle"):
        link.start()
    assert not link.outputs
    run(board)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda b: b.flip_bit(0, 0), "address 0x0 is not in .*'s RAM"),
        (lambda b: b.flip_bit(b.board.ram.base, 8), "bit is 8; a byte has 0 to 7"),
        (lambda b: b.flip_field("params.nothing", 0), "no 'nothing'; valid: k, tau_max, turns"),
        (lambda b: b.flip_field("params.k", 0, 1), "has elements 0 to 0, not 1"),
        (lambda b: b.stick("angle", 0), "input has no field 'angle'; valid: q, mode, at"),
        (lambda b: b.miss_ticks(0.0), "seconds is 0; it must be"),
        (lambda b: b.wire.drop(-1), "count is -1; it must be 0 or more"),
        (lambda b: b.wire.corrupt(1, 0), "mask is 0; it must be from 1 to 255"),
    ],
)
def test_what_makes_no_sense_is_refused(shared, call, said):
    with pytest.raises(ValueError, match=said):
        call(shared)


@pytest.fixture(scope="module", params=BOARDS)
def lockstep(request):
    with Emulator(trouble.controller, request.param) as emulator:
        yield emulator


@pytest.fixture
def stepped(lockstep):
    """A board in lockstep after three ticks that the host agrees with."""
    lockstep.unstick()
    lockstep.start(trouble.params())
    for i in range(3):
        lockstep.input[:] = trouble.given(q=(i, 2.0))
        lockstep.tick()
    assert lockstep.ticks_differing == 0
    return lockstep


def test_a_turned_bit_is_seen_by_the_comparison(stepped):
    stepped.flip_field("state.n", 4)
    stepped.tick()
    assert stepped.ticks_differing == 1
    assert "n" in stepped.first_difference


def test_a_stuck_sensor_holds_on_both_sides(stepped):
    stepped.stick("q", (7.0, 8.0))
    stepped.input["q"] = 1.0
    stepped.tick()
    assert stepped.output["tau"][0].tolist() == [7.0, 8.0]
    assert (stepped.ticks_differing, stepped.input["q"][0].tolist()) == (0, [7.0, 8.0])


def test_missed_ticks_hold_the_output_and_the_board(stepped):
    stepped.input["q"] = 9.0
    before, ticks = stepped.output.tobytes(), stepped.health()[2]
    stepped.miss_ticks(2)
    stepped.tick()
    stepped.tick()
    assert (stepped.output.tobytes(), stepped.health()[2], stepped.ticks_missed) == (
        before, ticks, 2,
    )  # fmt: skip
    stepped.tick()
    assert stepped.output["tau"][0].tolist() == [9.0, 9.0]
    assert (stepped.ticks_differing, stepped.health()[2]) == (0, ticks + 1)


def test_a_reset_in_lockstep_zeroes_the_output_until_the_next_start(stepped):
    stepped.reset()
    assert not stepped.output.tobytes().strip(b"\0")
    assert not stepped.board_output().tobytes().strip(b"\0")
    stepped.start(trouble.params())
    stepped.input[:] = trouble.given(q=(1.0, 2.0))
    stepped.tick()
    assert (stepped.output["tau"][0].tolist(), stepped.ticks_differing) == ([1.0, 2.0], 0)


def test_a_tick_after_a_reset_needs_a_start():
    with Emulator(trouble.controller, "virt-rv64") as emulator:
        emulator.start(trouble.params())
        emulator.tick()
        emulator.reset()
        with pytest.raises(EmulatorError, match="is not ready at tick 0 .*: status 0"):
            emulator.tick()
