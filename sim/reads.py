"""What compiled code reads of bodies, many numbers in one call; see `sim.native`.

To the last bit what PyBullet's getBasePositionAndOrientation, getBaseVelocity, getJointStates and
getLinkState give.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from robots.kernel import kernel
from sim.native import function, peek

LINK_NUMBERS = 32
"""Numbers of a b3LinkState."""
LINK_FRAME = 14
"""Where in it the pose of the link's frame begins: after its mass's, in the world and local."""
NOWHERE = np.array([0.0, 0.0, 0.0, 1.0])

_submit = function("b3SubmitClientCommand")
_answer = function("b3ProcessServerStatus")
_ask = function("b3RequestActualStateCommandInit")
_update_links = function("b3RequestActualStateCommandComputeForwardKinematics")
_told = function("b3GetStatusActualState2")
_link = function("b3GetLinkState")
_multiply = function("b3MultiplyTransforms")


@kernel
def send(world, command):  # type: ignore[no-untyped-def]
    """Have Bullet carry out a command; give its answer, which holds until the next command."""
    _submit(world, command)
    return _answer(world)


@kernel
def read_state(world, body, links, at):  # type: ignore[no-untyped-def]
    """Ask for a body's state; leave the addresses of its positions, velocities and reactions.

    `at` (3,) uint64 takes them; `links` says that the places of links are needed too. Gives
    Bullet's answer.
    """
    command = _ask(world, body)
    if links:
        _update_links(command, 1)
    status = send(world, command)
    room = at.ctypes.data
    _told(status, 0, 0, 0, 0, 0, room, room + 8, room + 16, 0, 0, 0, 0)
    return status


@kernel
def read_poses(world, bodies, centres, at, out):  # type: ignore[no-untyped-def]
    """Write the poses of base link frames, out (m, 7).

    `bodies` (m,); `centres` (m, 3) where the frames lie as seen from the centres of mass.
    """
    turn = np.empty(4)
    for k in range(len(bodies)):
        read_state(world, bodies[k], False, at)
        for i in range(7):
            out[k, i] = peek(at[0], i)
        if centres[k, 0] != 0.0 or centres[k, 1] != 0.0 or centres[k, 2] != 0.0:
            here, offset = out[k].ctypes.data, centres[k].ctypes.data
            _multiply(here, here + 24, offset, NOWHERE.ctypes.data, here, turn.ctypes.data)


@kernel
def read_positions(world, bodies, places, at, out):  # type: ignore[no-untyped-def]
    """Write the positions of joints, out (m,): each of a body, at a place among its positions."""
    for k in range(len(bodies)):
        if k == 0 or bodies[k] != bodies[k - 1]:
            read_state(world, bodies[k], False, at)
        out[k] = peek(at[0], places[k])


@dataclass
class JointReader:
    """Reads the positions of joints of several bodies: what `read_positions` takes.

    Where `world` is 0 compiled code has no way to Bullet; `slowly` is the way through Python.
    """

    world: int
    bodies: np.ndarray
    places: np.ndarray
    slowly: Callable[[], list[float]]
    at: np.ndarray = field(default_factory=lambda: np.zeros(3, np.uint64))

    def __call__(self) -> list[float]:
        """Give the positions, one a joint, rad or m."""
        if not self.world:
            return self.slowly()
        found = np.empty(len(self.bodies))
        read_positions(self.world, self.bodies, self.places, self.at, found)
        positions: list[float] = found.tolist()
        return positions


@kernel
def read_velocity(world, body, at, out):  # type: ignore[no-untyped-def]
    """Write a base's linear and angular velocity, out (6,)."""
    read_state(world, body, False, at)
    for i in range(6):
        out[i] = peek(at[1], i)


@kernel
def read_link(world, status, link, out):  # type: ignore[no-untyped-def]
    """Write the pose of a link's frame, out (7,), from an answer that has the links' places."""
    state = np.empty(LINK_NUMBERS)
    _link(world, status, link, state.ctypes.data)
    for i in range(7):
        out[i] = state[LINK_FRAME + i]


@kernel
def read_link_pose(world, body, link, at, out):  # type: ignore[no-untyped-def]
    """Write the pose of a link's frame, out (7,)."""
    read_link(world, read_state(world, body, True, at), link, out)
