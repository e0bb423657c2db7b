"""A free-running board in QEMU under the host link: who it talks to, what it takes, when it stops.

Verdicts are in the board's ticks. Its clock jumps when it waits, so it runs ahead of the host.
"""

import dataclasses

import numpy as np
import pytest
import trouble
from driver_controllers import pd_params

from drivers.crash import Functions
from drivers.errors import DriverError, LinkError
from drivers.hostlink import HostLink
from drivers.identity import identity_of
from drivers.linked import LinkedBoard
from drivers.mailbox import Fault, Status
from drivers.protocol import ARM, Message, Result, State
from drivers.toolchain import build
from hardware import Device, load_board

VIRT = ("virt-rv64", "virt-rv32-soft")
BOARDS = (*VIRT, "virt-rv32", "hifive1", "hifive-unleashed")


@pytest.fixture(scope="module", params=BOARDS)
def shared(request):
    """A board that the tests of this module use one after another."""
    with LinkedBoard(trouble.controller, request.param) as board:
        yield board


@pytest.fixture
def board(shared):
    """The board, idle and without a fault, with parameters loaded."""
    link = shared.link
    link.timeout_s = 2.0
    trouble.calm(link)
    link.load(trouble.params(turns=10**9))
    return shared


def slow(link, ticks=2**31):
    """A rate at which every board has time, whatever QEMU takes its timer's rate to be."""
    rate = link.timer_hz / 2000
    return {"rate_hz": rate, "watchdog_s": ticks / rate}


def run_until_fault(board, given, **arm):
    """Arm, start and wait for the fault that `given` ends in."""
    link = board.link
    link.arm(**{**slow(link), "every": 1, **arm})
    link.send(given)
    link.start()
    while link.crash is None and link.status().ticks < 5000:
        link.poll()
    assert link.crash is not None, link.status()
    return link.crash


def assert_stopped(board, fault, tick):
    link = board.link
    assert link.status().fault is fault
    assert (link.state, link.status().ticks) == (State.FAULT, tick)
    assert not board.box["output"].tobytes().strip(b"\0")
    header = board.box["header"][0]
    assert (header["status"], header["fault"], header["state"]) == (Status.FAULT, fault, 4)


FAULTS = {
    "a NaN in a command": (trouble.NAN, Fault.NAN),
    "a NaN elsewhere": (trouble.NAN_ASIDE, Fault.NAN),
    "a command beyond its limit": (trouble.BEYOND, Fault.LIMIT),
    "a flag": (trouble.FLAGGED, Fault.LIMIT),
    "a tick that takes too long": (trouble.SLOW, Fault.OVERRUN),
    "a tick that never ends": (trouble.ENDLESS, Fault.OVERRUN),
    "a trap": (trouble.WILD, Fault.TRAP),
}
BEFORE_THE_TICK_IS_COUNTED = (trouble.SLOW, trouble.ENDLESS, trouble.WILD)


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_stops_the_motors_in_its_tick_and_for_good(board, what):
    mode, fault = FAULTS[what]
    link, at = board.link, 7
    crash = run_until_fault(board, trouble.given(mode, at), fault_flags=trouble.FLAG)
    ticks = at - 1 if mode in BEFORE_THE_TICK_IS_COUNTED else at
    assert (crash.fault, crash.tick) == (fault, ticks)
    assert_stopped(board, fault, ticks)
    # Nothing of the faulty tick, nor of any after it, has gone out.
    assert all(output.tick < at for output in link.outputs)
    assert all(output.output["tau"][0].tolist() == [1.0, 2.0] for output in link.outputs)
    # Whatever the host asks for, nothing moves before the fault is cleared.
    for refused in (link.start, link.arm, lambda: link.load(trouble.params())):
        with pytest.raises(LinkError, match=f"it is fault .fault: {fault.name.lower()}."):
            refused()
    link.send(trouble.given())
    link.stop()
    assert_stopped(board, fault, ticks)
    assert link.report() == crash
    link.clear()
    assert (link.state, link.fault) == (State.IDLE, Fault.NONE)
    # What was loaded is not trusted: it has to come again.
    with pytest.raises(LinkError, match="it is idle"):
        link.arm()
    link.load(trouble.params())
    link.arm(**slow(link), every=0)
    link.send(trouble.given(q=(3.0, 4.0)))
    link.start()
    assert link.status().state is State.RUNNING
    link.stop()
    assert not board.box["output"].tobytes().strip(b"\0")


@pytest.mark.parametrize("started", [True, False], ids=["running", "armed"])
def test_a_silent_host_is_lost_after_exactly_its_patience(board, started):
    link = board.link
    link.crash = None
    link.arm(**slow(link, 300), every=0)
    link.send(trouble.given())
    if started:
        link.start()
    while link.crash is None:
        link.poll()
    assert link.crash.fault is Fault.HOST_LOST
    assert link.crash.tick == (300 if started else 0)
    assert_stopped(board, Fault.HOST_LOST, 300 if started else 0)
    assert "millhand fault: the host fell silent" in link.console


def test_the_first_bad_input_stops_at_the_tick_that_reads_it(board):
    """A fault that the host sends in mid-run: the outputs before it are of the inputs before it."""
    link = board.link
    link.arm(**slow(link), every=1)
    first = link.send(trouble.given())
    link.start()
    link.send(trouble.given(q=(1.0, 11.0)))  # beyond tau_max with k = 1
    while link.crash is None:
        link.poll()
    assert link.crash.fault is Fault.LIMIT
    assert {output.input_sequence for output in link.outputs} <= {first}
    assert_stopped(board, Fault.LIMIT, link.crash.tick)


def test_limits_are_the_hosts_to_choose(board):
    link = board.link
    link.arm(**slow(link), every=1, limits=np.array([1.0, 20.0]))
    link.send(trouble.given(trouble.BEYOND, 3))
    link.start()
    while len(link.outputs) < 4:
        link.poll()
    assert [output.output["tau"][0, 1] for output in link.outputs][:4] == [2, 2, -20, 2]
    link.stop()
    crash = run_until_fault(board, trouble.given(q=(0.0, 2.0)), limits=[1.0, 1.5])
    assert (crash.fault, crash.tick) == (Fault.LIMIT, 1)


ARMING = np.array([(10000, 1000, 0, 0)], ARM).tobytes()


def _into(link, state):
    if state in (State.ARMED, State.RUNNING):
        link.arm(**slow(link), every=0)
        link.send(trouble.given())
    if state is State.RUNNING:
        link.start()
    if state is State.FAULT:
        link.arm(**slow(link), every=0)
        link.send(trouble.given(trouble.NAN, 1))
        link.start()
        while link.status().state is not State.FAULT:
            pass


ALLOWED = {
    (State.IDLE, Message.LOAD): State.IDLE,
    (State.IDLE, Message.ARM): State.ARMED,
    (State.IDLE, Message.STOP): State.IDLE,
    (State.ARMED, Message.START): State.RUNNING,
    (State.ARMED, Message.STOP): State.IDLE,
    (State.RUNNING, Message.STOP): State.IDLE,
    (State.FAULT, Message.STOP): State.FAULT,
    (State.FAULT, Message.CLEAR): State.IDLE,
}


@pytest.mark.parametrize("state", [State.IDLE, State.ARMED, State.RUNNING, State.FAULT])
@pytest.mark.parametrize(
    "message", [Message.LOAD, Message.ARM, Message.START, Message.STOP, Message.CLEAR]
)
def test_every_request_in_every_state(board, state, message):
    link = board.link
    data = {
        Message.LOAD: b"\0" * 4 + trouble.params().tobytes(),
        Message.ARM: np.array([(10000, 2**32 - 1, 0, 0)], ARM).tobytes() + b"\0" * 16,
    }.get(message, b"")
    _into(link, state)
    result, _ = link._ask(message, data)
    after = ALLOWED.get((state, message))
    assert (result, link.state) == ((Result.STATE, state) if after is None else (Result.OK, after))
    assert link.status().fault is (Fault.NAN if link.state is State.FAULT else Fault.NONE)


def _other(controller, **changes):
    return dataclasses.replace(controller, **changes)


def test_hosts_that_want_another_are_refused_by_name(board):
    link, stream = board.link, board.link._stream
    mine, name = trouble.controller, board.board.name
    wider = np.dtype([("n", np.uint64)])
    for controller, where, said in [
        (_other(mine, name="gait"), board.board,
         f"the board at the port is trouble on {name}, not gait on {name}"),
        (mine, dataclasses.replace(board.board, name="esp32-c3"),
         f"the board at the port is trouble on {name}, not trouble on esp32-c3"),
        (_other(mine, state=wider), board.board,
         f"trouble on {name} has layout 0x\\w+; this host's trouble has 0x\\w+: build it from"),
    ]:  # fmt: skip
        other = HostLink(controller, where, stream, timeout_s=10.0)
        with pytest.raises(LinkError, match=said):
            other.hello()
        # A board that has been greeted by a stranger obeys nobody until its host is back.
        with pytest.raises(LinkError, match="say hello first"):
            link.status()
    link.hello()
    assert link.status().state is State.IDLE


def test_an_older_protocol_is_refused_by_number(board, monkeypatch):
    monkeypatch.setattr("drivers.protocol.VERSION", 7)
    with pytest.raises(LinkError, match="speaks version 1 of the host link; this host speaks 7"):
        board.link.hello()
    monkeypatch.undo()
    board.link.hello()


def test_what_makes_no_sense_is_refused_and_changes_nothing(board):
    link = board.link
    nan, limits = np.array([np.nan, 1.0]).tobytes(), np.array([1.0, 1.0]).tobytes()
    for message, data, result in [
        (Message.ARM, ARMING, Result.SIZE),
        (Message.ARM, ARMING + limits + b"\0", Result.SIZE),
        (Message.ARM, ARMING + nan, Result.VALUE),
        (Message.ARM, ARMING + (-np.ones(2)).tobytes(), Result.VALUE),
        (Message.ARM, np.array([(0, 9, 0, 0)], ARM).tobytes() + limits, Result.VALUE),
        (Message.ARM, np.array([(9, 0, 0, 0)], ARM).tobytes() + limits, Result.VALUE),
        (Message.LOAD, b"", Result.SIZE),
        (Message.LOAD, b"\0\0\0", Result.SIZE),
        (Message.LOAD, (8).to_bytes(4, "little") + b"\0" * 8, Result.SIZE),
        (Message.LOAD, (2**32 - 4).to_bytes(4, "little") + b"\0" * 8, Result.SIZE),
        (Message.LOAD, b"\0" * (4 + trouble.controller.params.itemsize + 1), Result.SIZE),
        (Message.INPUT, b"\0" * 8, Result.STATE),
        (0, b"", Result.UNKNOWN),
        (99, b"\0" * 512, Result.UNKNOWN),
    ]:  # fmt: skip

        class Raw(int):
            name = "raw"

        assert link._ask(Raw(message), data)[0] is result, (message, data)
        assert link.status().state is State.IDLE
    link.load(trouble.params())
    link.arm(**slow(link), every=0)
    with pytest.raises(LinkError, match="refuses start: no input has come since it was armed"):
        link.start()


def test_the_host_refuses_before_it_sends(board):
    link = board.link
    with pytest.raises(LinkError, match="params has dtype .*; trouble takes shape"):
        link.load(np.zeros(1))
    with pytest.raises(LinkError, match="input has dtype .*; trouble takes shape"):
        link.send(np.zeros(2, trouble.controller.input))
    with pytest.raises(LinkError, match="rate_hz 1e-09 with watchdog_s 1 does not fit a timer"):
        link.arm(rate_hz=1e-9, watchdog_s=1)
    with pytest.raises(LinkError, match="3 limits for trouble, which has 2"):
        link.arm(limits=np.ones(3))


class Lossy:
    """A stream that drops, doubles and spoils what the host sends, as it is told."""

    def __init__(self, stream, spoil):
        self.stream, self.spoil = stream, spoil

    def read(self, size):
        return self.stream.read(size)

    def write(self, data):
        for piece in self.spoil(data):
            self.stream.write(piece)


def test_lost_doubled_and_spoilt_frames_are_counted_and_do_no_harm(board):
    link, stream = board.link, board.link._stream
    before = link.status()
    count = 0

    def spoil(data):
        nonlocal count
        count += 1
        kind = count % 4
        if kind == 0:
            return []
        if kind == 1:
            return [data, data]
        if kind == 2:
            return [data[:5] + bytes([data[5] ^ 16 or 1]) + data[6:]]
        return [b"\x05noise", data]

    link.arm(**slow(link), every=0)
    link._stream = Lossy(stream, spoil)
    for i in range(40):
        link.send(trouble.given(q=(i % 5, 1.0)))
    link._stream = stream
    after = link.status()
    assert after.state is State.ARMED
    assert after.stale - before.stale == 10
    assert after.bad - before.bad >= 10
    assert after.lost - before.lost == 20  # of 40: one in four dropped, one in four spoilt


def test_a_request_whose_frame_is_lost_is_repeated(board):
    link, stream = board.link, board.link._stream
    lost = iter([False, True, True])
    link._stream = Lossy(stream, lambda data: [data] if next(lost, True) else [])
    link.timeout_s, before = 0.2, link.timeout_s
    try:
        link.arm(**slow(link), every=0)
    finally:
        link._stream, link.timeout_s = stream, before
    assert link.status().state is State.ARMED


def test_a_silent_port_is_an_error_that_says_so(board):
    link, stream = board.link, board.link._stream
    link._stream = Lossy(stream, lambda data: [])
    link.timeout_s, before = 0.05, link.timeout_s
    try:
        with pytest.raises(LinkError, match="no answer to status from .* in 3 times 0.05 s"):
            link.status()
    finally:
        link._stream, link.timeout_s = stream, before
    assert link.status().state is State.IDLE


def test_the_board_reads_back_the_image_it_was_given(board):
    link, elf = board.link, board.firmware.elf
    assert link.verify(elf) == identity_of(elf)
    other = build(trouble.controller, load_board("virt-rv64")).elf
    with pytest.raises(LinkError, match=r"holds \d+ bytes of code with SHA-256 .*: flash it again"):
        link.verify(other)
    link.arm(**slow(link), every=0)
    with pytest.raises(LinkError, match="refuses identity: it is armed"):
        link.identity()


def test_a_trap_is_told_in_words_by_function_and_on_the_console(board):
    crash = run_until_fault(board, trouble.given(trouble.WILD, 3), every=0)
    said = crash.describe(board.firmware.elf)
    assert crash.mtval == 8
    assert said.startswith("trapped at tick 2: load access fault on address 0x8 at ")
    place = Functions(board.firmware.elf).name(crash.mepc)
    assert place.split("+")[0].startswith(("millhand_step", "kernel."))
    assert place in said
    assert f", mcause 0x5, mepc {crash.mepc:#x}, mtval 0x8" in board.link.console
    header = board.box["header"][0]
    assert (int(header["mepc"]), int(header["x"][1])) == (crash.mepc, crash.registers["sp"])
    assert board.board.ram.base <= crash.registers["sp"] < board.board.ram.end
    caller = Functions(board.firmware.elf).name(crash.registers["ra"])
    assert caller.split("+")[0] in ("core_kernel", "millhand_step")


def test_an_endless_tick_is_told_where_it_hung(board):
    crash = run_until_fault(board, trouble.given(trouble.ENDLESS, 2), every=0)
    said = crash.describe(board.firmware.elf)
    assert said.startswith("a tick overran its period at tick 1: at ")
    assert "millhand_step+" in said or "kernel." in said


@pytest.mark.parametrize("name", VIRT)
def test_free_running_outputs_are_the_hosts_in_every_bit(pd_aligned, name):
    """Each output names its input, so the host can take the same steps after the board."""
    rng = np.random.default_rng(5)
    params, ticks = pd_params(pd_aligned), 0
    with LinkedBoard(pd_aligned, name) as board:
        link = board.link
        link.load(params)
        link.arm(**slow(link), every=1)
        sent = {}
        for i in range(300):
            given = np.zeros(1, pd_aligned.input)
            for field in ("q", "dq", "goal"):
                given[field] = rng.normal(scale=2.0, size=3)
            sent[link.send(given)] = given
            if i == 0:
                link.start()
            link.poll()
        link.stop()
        host = pd_aligned.instance(params)
        for output in link.outputs:
            assert output.tick == ticks + 1
            host.input[:] = sent[output.input_sequence]
            host.step()
            assert output.output.tobytes() == host.output.tobytes()
            ticks = output.tick
        assert ticks > 300
        assert len({output.input_sequence for output in link.outputs}) > 50
        status = link.status()
        assert (status.dropped, status.bad, status.lost, status.stale) == (0, 0, 0, 0)


def test_the_enable_pin_is_high_while_commands_come_and_low_after_a_fault():
    plain = load_board("hifive-unleashed")
    pin = Device("sifive", 0x10060000, "gpio", options=(("motor_enable", 3),))
    fitted = dataclasses.replace(plain, devices=(*plain.devices, pin))
    with LinkedBoard(trouble.controller, fitted) as board:
        link = board.link

        def pins():
            said = board.machine.ask(
                "human-monitor-command", **{"command-line": "xp /3wx 0x10060004"}
            )
            return [int(word, 16) >> 3 & 1 for word in said.split(":")[1].split()]

        assert pins() == [1, 1, 0]  # read back, driven, low
        link.load(trouble.params())
        link.arm(**slow(link), every=1)
        link.send(trouble.given())
        assert pins()[2] == 0
        link.start()
        while not link.outputs:
            link.poll()
        assert pins()[2] == 1
        link.send(trouble.given(q=(11.0, 0.0)))
        while link.crash is None:
            link.poll()
        assert pins() == [1, 1, 0]


def test_an_unknown_runtime_is_refused():
    with pytest.raises(DriverError, match="unknown runtime 'free'; valid: lockstep, link"):
        build(trouble.controller, load_board("virt-rv64"), runtime="free")


def test_a_board_under_an_operating_system_has_no_host_link():
    with pytest.raises(DriverError, match="linux-rv64 runs under linux; runtime link needs bare"):
        build(trouble.controller, load_board("linux-rv64"), runtime="link")
