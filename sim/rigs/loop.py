"""All ticks of a step in one compiled loop: read the joints, run the controllers, step the world.

What it does is what `ArmRig.tick` and `World.step` do, in the same order, to the last bit.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from robots.actuator import CompiledActuator
from robots.kernel import kernel
from robots.kinematics import GRAVITY, rotation_by_quaternion
from sim.native import call, function, peek
from sim.reads import read_link, read_state, send
from sim.world import KD, KP, POSITION, TORQUE

if TYPE_CHECKING:
    from sim.rigs.arm import ArmRig

_step = function("b3InitStepSimulationCommand")
_control = function("b3JointControlCommandInit2")
_set_torque = function("b3JointControlSetDesiredForceTorque")
_set_position = function("b3JointControlSetDesiredPosition")
_set_velocity = function("b3JointControlSetDesiredVelocity")
_set_kp = function("b3JointControlSetKp")
_set_kd = function("b3JointControlSetKd")
_set_force = function("b3JointControlSetMaximumForce")
_set_speed = function("b3JointControlSetMaximumVelocity")

HAND = np.dtype(
    [
        ("world", np.uint64),
        ("body", np.int32),
        ("joint_q", np.int32, (8,)),
        ("joint_u", np.int32, (8,)),
        ("fingers", np.int32),
        ("finger_q", np.int32, (4,)),
        ("finger_u", np.int32, (4,)),
        ("closed", np.float64),
        ("opened", np.float64),
        ("force", np.float64),
        ("speed", np.float64),
        ("told", np.float64),
        ("tool", np.int32),
        ("sensed", np.int32),
        ("share", np.float64),
        ("mass", np.float64),
        ("turn", np.float64, (3, 3)),
        ("raw", np.float64, (6,)),
        ("felt", np.float64, (6,)),
        ("weight", np.float64, (3,)),
        ("peak", np.float64),
        ("flags", np.uint32),
    ],
    align=True,
)
"""What the loop knows of an arm besides its controller: where its joints and fingers are among
Bullet's, what its gripper was told last, and its force sensor; `sensed` is that joint, or -1."""


@kernel
def _feel(hand, reactions):  # type: ignore[no-untyped-def]
    """Take a reading into the filter of the force sensor; see `WristSensor.tick`."""
    square = 0.0
    for i in range(6):
        raw = peek(reactions, 6 * hand.sensed + i) if reactions != 0 else hand.raw[i]
        hand.felt[i] += (raw - hand.felt[i]) * hand.share
    for i in range(3):
        pressed = hand.weight[i] - hand.felt[i]
        square += pressed * pressed
    hand.peak = max(hand.peak, math.sqrt(square))


@kernel
def _weigh(hand, pose):  # type: ignore[no-untyped-def]
    """Work out how the hand's weight shows in the sensor, whose link is at a pose (7,)."""
    rotation_by_quaternion(pose[3:], hand.turn)
    for i in range(3):
        hand.weight[i] = hand.mass * GRAVITY * hand.turn[2, i]


@kernel
def wrench(hands, centre, out):  # type: ignore[no-untyped-def]
    """Write what presses on the first of `hands`, out (6,); see `WristSensor.wrench`."""
    hand = hands[0]
    w, felt = hand.weight, hand.felt
    mx = centre[1] * w[2] - centre[2] * w[1] - felt[3]
    my = centre[2] * w[0] - centre[0] * w[2] - felt[4]
    mz = centre[0] * w[1] - centre[1] * w[0] - felt[5]
    fx, fy, fz = w[0] - felt[0], w[1] - felt[1], w[2] - felt[2]
    for i in range(3):
        x, y, z = hand.turn[i, 0], hand.turn[i, 1], hand.turn[i, 2]
        out[i] = x * fx + y * fy + z * fz
        out[3 + i] = x * mx + y * my + z * mz


@kernel
def observe(hands, fresh, at, q, dq, tool):  # type: ignore[no-untyped-def]
    """Read the first of `hands`: joints q (n,), dq (n,) and the tool's pose (7,).

    Gives how far open the gripper is, 0 closed .. 1 open. The force sensor, where there is one,
    keeps the reading that the last tick ended with, unless it is `fresh` from a reset.
    """
    hand = hands[0]
    status = read_state(hand.world, hand.body, True, at)
    for i in range(len(q)):
        q[i], dq[i] = peek(at[0], hand.joint_q[i]), peek(at[1], hand.joint_u[i])
    travel = 0.0
    for i in range(hand.fingers):
        travel += peek(at[0], hand.finger_q[i])
    if hand.sensed >= 0:
        if not fresh:
            for i in range(6):
                hand.raw[i] = peek(at[2], 6 * hand.sensed + i)
        read_link(hand.world, status, hand.sensed, tool)
        _weigh(hand, tool)
    read_link(hand.world, status, hand.tool, tool)
    share = (travel / hand.fingers - hand.closed) / (hand.opened - hand.closed)
    return min(max(share, 0.0), 1.0)


@kernel
def _drive(hand, opening):  # type: ignore[no-untyped-def]
    """Drive the fingers to an opening; see `ArmRig._drive`."""
    hand.told = opening
    place = hand.closed + min(max(opening, 0.0), 1.0) * (hand.opened - hand.closed)
    for i in range(hand.fingers):
        command = _control(hand.world, hand.body, POSITION)
        if hand.speed > 0.0:
            _set_speed(command, hand.finger_u[i], hand.speed)
        _set_position(command, hand.finger_q[i], place)
        _set_kp(command, hand.finger_u[i], KP)
        _set_velocity(command, hand.finger_u[i], 0.0)
        _set_kd(command, hand.finger_u[i], KD)
        _set_force(command, hand.finger_u[i], hand.force)
        send(hand.world, command)


@kernel
def run_ticks(entries, worlds, active, first, hands, input, output, goals, grips, at):  # type: ignore[no-untyped-def]
    """Take every tick of a step; give -1, or the row whose actuator failed.

    `entries` (rows, 3) are what `robots.actuator.Entry` has. `worlds` (w,) are handles of
    Bullet's, of which those that are `active` (w,) take part; the arms of rows `first[k]` to
    `first[k + 1]` stand in world k. `hands` (rows,) of HAND; the controllers' `input` and `output`
    (rows,); `goals` (rows, ticks, n) and `grips` (rows, ticks) what every tick asks for;
    `at` (3,) uint64, room for addresses.
    """
    rows, ticks, n = goals.shape
    for w in range(len(worlds)):
        world = worlds[w]
        for k in range(ticks if active[w] else 0):
            for row in range(first[w], first[w + 1]):
                hand, given, taken = hands[row], input[row], output[row]
                read_state(world, hand.body, False, at)
                if hand.sensed >= 0:
                    # The first tick's reading is that which the last step ended with.
                    _feel(hand, at[2] if k > 0 else np.uint64(0))
                for i in range(n):
                    given.q[i] = peek(at[0], hand.joint_q[i])
                    given.dq[i] = peek(at[1], hand.joint_u[i])
                    given.q_goal[i] = goals[row, k, i]
                entry = entries[row]
                if call(entry[0], entry[1], entry[2], given, taken) != 0:
                    return row
                command = _control(world, hand.body, TORQUE)
                for i in range(n):
                    _set_torque(command, hand.joint_u[i], taken.tau[i])
                send(world, command)
                grip = grips[row, k]
                if grip != hand.told and grip == grip:
                    _drive(hand, grip)
                hand.flags |= taken.flags
            send(world, _step(world))
    return -1


class Loop:
    """Takes the steps of arms, in one world or several, each in one call.

    Where there are more arms than one their memory is moved to rows of common arrays. Arms of one
    world have to stand next to each other, and all have as many joints and ticks as the first, and
    the same controller.
    """

    def __init__(self, arms: "Sequence[ArmRig]") -> None:
        self._arms = tuple(arms)
        handles = [arm.world.handle for arm in arms]
        first = [k for k in range(len(handles)) if k == 0 or handles[k] != handles[k - 1]]
        self._worlds = np.array([handles[k] for k in first], np.uint64)
        self._all = np.ones(len(first), np.bool_)
        self._first = np.array([*first, len(handles)])
        self._at = np.zeros(3, np.uint64)
        self._memory: tuple[np.ndarray, ...] = ()
        self._entries = np.zeros((len(arms), 3), np.uint64)

    def run(self, active: np.ndarray | None = None) -> None:
        """Take a step of all of them, or in the worlds (w,) that are `active`.

        Raises what an actuator raises where its tick failed: RobotError for a kernel that raised.
        """
        for arm in self._arms:
            if arm.loop is not self:
                self._join()
                break
        failed = run_ticks(
            self._entries,
            self._worlds,
            self._all if active is None else active,
            self._first,
            *self._memory,
            self._at,
        )
        if failed >= 0:
            _actuator(self._arms[failed]).failed()

    def _join(self) -> None:
        """Take up the arms' memory; another Loop may have moved it since."""
        actuators = [_actuator(arm) for arm in self._arms]
        memory = [
            (arm.hand, one.input, one.output, arm.goals, arm.grips)
            for arm, one in zip(self._arms, actuators, strict=True)
        ]
        self._memory = memory[0]
        if len(memory) > 1:
            self._memory = tuple(np.concatenate(parts) for parts in zip(*memory, strict=True))
        for row, (arm, one) in enumerate(zip(self._arms, actuators, strict=True)):
            hand, given, taken, goals, grips = (rows[row : row + 1] for rows in self._memory)
            if len(memory) > 1:
                one.move(given, taken)
                arm.bind(hand, goals, grips)
            entry = one.entry
            assert entry is not None
            self._entries[row] = entry.address, entry.params, entry.state
            arm.loop = self


def fits(arm: "ArmRig") -> bool:
    """Say whether the compiled loop can take an arm's steps."""
    one = arm.actuator
    return arm.world.handle != 0 and isinstance(one, CompiledActuator) and one.entry is not None


def _actuator(arm: "ArmRig") -> CompiledActuator:
    assert isinstance(arm.actuator, CompiledActuator)
    return arm.actuator
