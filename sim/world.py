"""The one place that talks to PyBullet."""

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import pybullet as bullet

from sim import native, reads
from sim.errors import SimError
from sim.sight import Sight

RENDERERS = ("auto", "fast", "egl", "tiny", "none")
# Bullet's collision groups are bits; it uses the first six itself, this one for what stands still.
STATIC_GROUP = 2
FIRST_GROUP, LAST_GROUP = 1 << 6, 1 << 30
POSITION, TORQUE = bullet.POSITION_CONTROL, bullet.TORQUE_CONTROL
KP, KD = 0.1, 1.0
"""Bullet's usual gains of a joint's own motor."""
# Enough for 300 stale neighbours.
PASSES = 48
CONTACT_REACH = 0.02


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Bullet's C code prints off stdout, which belongs to the caller."""
    sys.stdout.flush()
    saved = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(nowhere)


class World:
    """One PyBullet world: bodies, one or more arms, and what cameras see of them.

    `renderer`: "fast" (our own, in software), "tiny" (PyBullet's, in software), "egl" (OpenGL,
    also on Mesa's software rasteriser), "none" (never draws), or "auto": fast, or tiny where a
    body's mesh is of a kind that fast does not read.
    `gui=True` opens PyBullet's window, which then also draws.

    `contact_reach` is how far, metres, Bullet lets a point of contact slide before it forgets
    where it was; it keeps at most a fiftieth of a shape's size. Fits closer than that need less.
    """

    _reach: ClassVar[float] = CONTACT_REACH

    def __init__(self, tick_hz: int, renderer: str = "auto", gui: bool = False) -> None:
        if renderer not in RENDERERS:
            raise SimError(f"unknown renderer {renderer!r}; choose from {', '.join(RENDERERS)}")
        # Without a display Bullet's window does not fail, it ends the process.
        if gui and sys.platform == "linux" and not os.environ.get("DISPLAY"):
            raise SimError(
                "render_mode='human' needs a display and DISPLAY is not set; "
                "use render_mode='rgb_array'"
            )
        self._egl_plugin: int | None = None
        self._centres: dict[int, tuple[float, ...]] = {}
        self._asked: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}
        self._at = np.zeros(3, np.uint64)
        with _quiet():
            self._client = bullet.connect(bullet.GUI if gui else bullet.DIRECT)
        if self._client < 0:
            raise SimError("PyBullet's window did not open; is there a display? (render_mode)")
        self._gui = gui
        self.handle = 0 if gui else native.handle(self._client) or 0
        """Where Bullet keeps this world, for compiled loops; 0 where they have no way to it."""
        self.renderer = renderer
        if renderer == "egl" and not gui and not self._load_egl():
            self.close()
            raise SimError(
                "renderer 'egl' does not load here; install libegl1 and libgl1-mesa-dri, "
                "or choose 'tiny'"
            )
        bullet.setGravity(0, 0, -9.81, physicsClientId=self._client)
        bullet.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / tick_hz,
            numSubSteps=0,
            deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )
        self._snapshot = -1
        self.sight = Sight(self._client)
        self._movers: list[int] = []
        self.contact_reach = CONTACT_REACH

    def aim(self, eye: np.ndarray, target: np.ndarray) -> None:
        """Have the window look from `eye` (3,) at `target` (3,), without its side panels.

        Does nothing without a window.
        """
        if not self._gui:
            return
        c = self._client
        x, y, z = target - eye
        bullet.configureDebugVisualizer(bullet.COV_ENABLE_GUI, 0, physicsClientId=c)
        bullet.resetDebugVisualizerCamera(
            cameraDistance=math.sqrt(x * x + y * y + z * z),
            # Bullet's yaw is 0 looking along +y, and turns anticlockwise.
            cameraYaw=math.degrees(math.atan2(-x, y)),
            cameraPitch=math.degrees(math.atan2(z, math.hypot(x, y))),
            cameraTargetPosition=target.tolist(),
            physicsClientId=c,
        )

    def show(self) -> None:
        """Draw the window anew, which it does not do by itself every tick. No window: nothing."""
        if self._gui:
            bullet.configureDebugVisualizer(
                bullet.COV_ENABLE_SINGLE_STEP_RENDERING, 1, physicsClientId=self._client
            )

    def solve_to(self, residual: float) -> None:
        """Let the contact solver stop at a residual instead of Bullet's 1e-7."""
        bullet.setPhysicsEngineParameter(
            solverResidualThreshold=residual, physicsClientId=self._client
        )

    @property
    def engine(self) -> str:
        """What draws: fast, tiny, egl, opengl (the window) or none.

        Bullet's own are for the whole world: once EGL is loaded Bullet draws all with it.
        """
        if self._gui:
            return "opengl"
        if self.renderer == "auto":
            return "fast" if self.sight.drawable() else "tiny"
        return self.renderer

    def _load_egl(self) -> bool:
        if self._egl_plugin is None:
            self._egl_plugin = -1
            spec = find_spec("eglRenderer")
            if spec is not None and spec.origin is not None and sys.platform == "linux":
                with _quiet():
                    self._egl_plugin = bullet.loadPlugin(
                        spec.origin, "_eglRendererPlugin", physicsClientId=self._client
                    )
        return self._egl_plugin >= 0

    def close(self) -> None:
        """Give everything back to PyBullet. Safe to call twice."""
        if self._client >= 0:
            with _quiet():
                if self._egl_plugin is not None and self._egl_plugin >= 0:
                    bullet.unloadPlugin(self._egl_plugin, physicsClientId=self._client)
                bullet.disconnect(physicsClientId=self._client)
            self._client, self.handle = -1, 0

    # -- bodies

    def load(
        self,
        path: Path,
        position: tuple[float, ...] = (0, 0, 0),
        fixed: bool = False,
        quaternion: tuple[float, ...] = (0, 0, 0, 1),
    ) -> int:
        """Load a URDF with its root at a position (3,) and orientation (4,); give its number.

        Raises SimError for a file that is not there or that Bullet cannot read.
        """
        if not path.exists():
            raise SimError(f"no URDF {str(path)!r}")
        try:
            return self._load(path, position, fixed, quaternion)
        except bullet.error as error:
            raise SimError(f"Bullet cannot load {path.name}: {error}") from None

    def _load(
        self, path: Path, position: tuple[float, ...], fixed: bool, quaternion: tuple[float, ...]
    ) -> int:
        with _quiet():
            return int(
                bullet.loadURDF(
                    str(path),
                    position,
                    quaternion,
                    useFixedBase=fixed,
                    flags=bullet.URDF_USE_INERTIA_FROM_FILE,
                    physicsClientId=self._client,
                )
            )

    def add_box(
        self, size: tuple[float, ...], position: tuple[float, ...], colour: tuple[float, ...]
    ) -> int:
        """Add a box that does not move: full size (3,), centre (3,), colour RGBA in 0..1."""
        half = [s / 2 for s in size]
        c = self._client
        collision = bullet.createCollisionShape(
            bullet.GEOM_BOX, halfExtents=half, physicsClientId=c
        )
        visual = bullet.createVisualShape(
            bullet.GEOM_BOX, halfExtents=half, rgbaColor=colour, physicsClientId=c
        )
        return int(bullet.createMultiBody(0, collision, visual, position, physicsClientId=c))

    def paint(self, body: int, colour: tuple[float, ...], link: int = -1) -> None:
        """Give a body's base, or one of its links, one colour, RGBA in 0..1."""
        self.sight.paint(body, link, colour)

    def place(self, body: int, position: np.ndarray, quaternion: np.ndarray) -> None:
        """Put a body's base link frame at a position (3,) and orientation xyzw (4,), at rest."""
        # Bullet places the centre of mass; its offset is what the URDF's <inertial> says.
        centre, _ = bullet.multiplyTransforms(
            position, quaternion, self._centre(body), (0, 0, 0, 1)
        )
        bullet.resetBasePositionAndOrientation(
            body, centre, quaternion, physicsClientId=self._client
        )
        bullet.resetBaseVelocity(body, (0, 0, 0), (0, 0, 0), physicsClientId=self._client)

    def pose(self, body: int) -> np.ndarray:
        """Give the pose of a body's base link frame, (7,): xyz, quaternion xyzw."""
        pose: np.ndarray = self.poses((body,))[0]
        return pose

    def poses(self, bodies: tuple[int, ...]) -> np.ndarray:
        """Give the poses of several bodies' base link frames, (m, 7)."""
        found = np.empty((len(bodies), 7))
        if self.handle:
            if bodies not in self._asked:
                centres = np.array([self._centre(body) for body in bodies]).reshape(-1, 3)
                self._asked[bodies] = np.array(bodies, np.int32), -centres
            reads.read_poses(self.handle, *self._asked[bodies], self._at, found)
            return found
        for k, body in enumerate(bodies):
            centre, quaternion = bullet.getBasePositionAndOrientation(body, self._client)
            x, y, z = self._centre(body)
            if x or y or z:
                offset = (-x, -y, -z)
                centre, _ = bullet.multiplyTransforms(centre, quaternion, offset, (0, 0, 0, 1))
            found[k] = centre + quaternion
        return found

    def _centre(self, body: int) -> tuple[float, ...]:
        """Give the centre of mass of a body's base in its link frame, (3,)."""
        if body not in self._centres:
            info = bullet.getDynamicsInfo(body, -1, physicsClientId=self._client)
            self._centres[body] = info[3]
        return self._centres[body]

    def centre(self, body: int) -> np.ndarray:
        """Give the place of the centre of mass of a body's base, (3,)."""
        place, _ = bullet.getBasePositionAndOrientation(body, physicsClientId=self._client)
        return np.array(place)

    def velocity(self, body: int) -> np.ndarray:
        """Give a body's linear and angular velocity, (6,), m/s and rad/s."""
        if self.handle:
            found = np.empty(6)
            reads.read_velocity(self.handle, body, self._at, found)
            return found
        linear, angular = bullet.getBaseVelocity(body, physicsClientId=self._client)
        return np.array(linear + angular)

    # -- joints

    def joint_indices(self, body: int, names: tuple[str, ...]) -> list[int]:
        """Find joints by name."""
        count = bullet.getNumJoints(body, physicsClientId=self._client)
        found = {
            bullet.getJointInfo(body, i, physicsClientId=self._client)[1].decode(): i
            for i in range(count)
        }
        return [found[name] for name in names]

    def movable_joints(self, body: int) -> dict[str, int]:
        """Give the joints of a body that move, by name."""
        found = {}
        for i in range(bullet.getNumJoints(body, physicsClientId=self._client)):
            info = bullet.getJointInfo(body, i, physicsClientId=self._client)
            if info[2] != bullet.JOINT_FIXED:
                found[info[1].decode()] = i
        return found

    def joint_places(self, body: int, joint: int) -> tuple[int, int]:
        """Give where a joint is among a body's positions and velocities, as Bullet counts them."""
        info = bullet.getJointInfo(body, joint, physicsClientId=self._client)
        return info[3], info[4]

    def link_index(self, body: int, name: str) -> int:
        """Find a link by name."""
        count = bullet.getNumJoints(body, physicsClientId=self._client)
        for i in range(count):
            if bullet.getJointInfo(body, i, physicsClientId=self._client)[12].decode() == name:
                return i
        raise SimError(f"body {body} has no link {name!r}")

    def free_joints(self, body: int, joints: list[int]) -> None:
        """Switch off the velocity motors and damping that Bullet gives every joint."""
        c = self._client
        self.free_motors(body, joints)
        for i in range(-1, bullet.getNumJoints(body, physicsClientId=c)):
            bullet.changeDynamics(
                body, i, linearDamping=0, angularDamping=0, jointDamping=0, physicsClientId=c
            )

    def free_motors(self, body: int, joints: list[int]) -> None:
        """Switch off the velocity motors that Bullet gives every joint; keep its damping."""
        bullet.setJointMotorControlArray(
            body,
            joints,
            bullet.VELOCITY_CONTROL,
            targetVelocities=[0.0] * len(joints),
            forces=[0.0] * len(joints),
            physicsClientId=self._client,
        )

    def brake(self, body: int, joint: int, force: float) -> None:
        """Hold a joint at rest with at most `force`, N or N m: dry friction."""
        bullet.setJointMotorControl2(
            body,
            joint,
            bullet.VELOCITY_CONTROL,
            targetVelocity=0.0,
            force=force,
            physicsClientId=self._client,
        )

    def touch(self, one: int, other: int) -> bool:
        """Say whether two bodies were in contact in the last tick."""
        return bool(bullet.getContactPoints(one, other, physicsClientId=self._client))

    def touched_links(self, body: int) -> set[int]:
        """Give the links of a body that were in contact with something in the last tick."""
        return {point[3] for point in bullet.getContactPoints(body, physicsClientId=self._client)}

    def touched(self, body: int) -> set[int]:
        """Give the bodies that one was in contact with in the last tick."""
        return {point[2] for point in bullet.getContactPoints(body, physicsClientId=self._client)}

    def set_friction(self, body: int, link: int, lateral: float, spinning: float) -> None:
        """Set a link's friction coefficients."""
        bullet.changeDynamics(
            body,
            link,
            lateralFriction=lateral,
            spinningFriction=spinning,
            frictionAnchor=1,
            physicsClientId=self._client,
        )

    def damp(self, body: int, linear: float, angular: float) -> None:
        """Set the share of a body's velocities that a second takes away, 0..1."""
        bullet.changeDynamics(
            body,
            -1,
            linearDamping=linear,
            angularDamping=angular,
            physicsClientId=self._client,
        )

    def set_friction_along(self, body: int, link: int, shares: tuple[float, ...]) -> None:
        """Scale a link's friction along the axes of its frame (3,), 1 for all that there is."""
        bullet.changeDynamics(body, link, anisotropicFriction=shares, physicsClientId=self._client)

    def reset_joints(self, body: int, joints: list[int], q: np.ndarray) -> None:
        """Put joints at rest at positions q, without stepping."""
        for joint, value in zip(joints, q, strict=True):
            bullet.resetJointState(body, joint, value, 0.0, physicsClientId=self._client)

    def read_joints(self, body: int, joints: list[int]) -> tuple[tuple[float, ...], ...]:
        """Give (positions, velocities) of several joints in one call."""
        states = bullet.getJointStates(body, joints, self._client)
        q, dq, _, _ = zip(*states, strict=True)
        return q, dq

    def joint_reader(self, joints: Sequence[tuple[int, int]]) -> reads.JointReader:
        """Give what reads the positions of joints of several bodies, each (body, joint)."""
        places = [self.joint_places(*joint)[0] if self.handle else 0 for joint in joints]
        return reads.JointReader(
            self.handle,
            np.array([body for body, _ in joints], np.int32),
            np.array(places, np.int32),
            lambda: [bullet.getJointState(*joint, self._client)[0] for joint in joints],
        )

    def read_joints_into(self, body: int, joints: list[int], q: memoryview, dq: memoryview) -> None:
        """Write positions and velocities of joints to memory, float64: `read_joints`, faster."""
        for k, state in enumerate(bullet.getJointStates(body, joints, self._client)):
            q[k], dq[k] = state[0], state[1]

    def apply_torques(self, body: int, joints: list[int], tau: list[float]) -> None:
        """Apply joint torques, N m, for the next step."""
        bullet.setJointMotorControlArray(
            body, joints, bullet.TORQUE_CONTROL, forces=tau, physicsClientId=self._client
        )

    def drive_to(
        self, body: int, joints: list[int], position: float, force: float, speed: float
    ) -> None:
        """Drive joints to one position with Bullet's own motors, until told otherwise."""
        for joint in joints:
            # By position: this is called every tick, and names cost half.
            bullet.setJointMotorControl2(
                body, joint, POSITION, position, 0.0, force, KP, KD, speed, self._client
            )

    def gear(self, body: int, one: int, other: int, force: float) -> None:
        """Keep two sliding joints of a body at the same travel, with at most `force`, N.

        Two motors that only push against each other through a part leave it free to wander.
        """
        client = self._client
        made = bullet.createConstraint(
            body,
            one,
            body,
            other,
            bullet.JOINT_GEAR,
            (0, 1, 0),
            (0, 0, 0),
            (0, 0, 0),
            physicsClientId=client,
        )
        bullet.changeConstraint(made, gearRatio=-1, erp=0.2, maxForce=force, physicsClientId=client)

    def sense_force(self, body: int, joint: int) -> None:
        """Have Bullet work out the reaction force in a joint, for `joint_force`."""
        bullet.enableJointForceTorqueSensor(body, joint, True, physicsClientId=self._client)

    def joint_force(self, body: int, joint: int) -> np.ndarray:
        """Give the reaction in a joint in the last tick, (6,): force N, moment N m, child frame.

        Zero before the first tick. The joint has to be sensed, see `sense_force`.
        """
        state = bullet.getJointState(body, joint, physicsClientId=self._client)
        return np.array(state[2])

    def load_of(self, body: int, joint: int) -> tuple[float, np.ndarray]:
        """Give the mass that a joint carries, kg, and its centre now, (3,), floor's frame."""
        c = self._client
        carried: set[int] = {joint}
        mass, moment = 0.0, np.zeros(3)
        for i in range(bullet.getNumJoints(body, physicsClientId=c)):
            if i in carried or bullet.getJointInfo(body, i, physicsClientId=c)[16] in carried:
                carried.add(i)
                own = bullet.getDynamicsInfo(body, i, physicsClientId=c)[0]
                state = bullet.getLinkState(
                    body, i, computeForwardKinematics=True, physicsClientId=c
                )
                mass += own
                moment += own * np.array(state[0])
        return mass, moment / mass

    def cast_rays(self, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cast rays from starts to ends, (n, 3) each: share of the way to the first hit (n,), 1
        where there is none, and the body hit (n,), -1 for none.
        """
        hits = bullet.rayTestBatch(
            starts.tolist(), ends.tolist(), numThreads=1, physicsClientId=self._client
        )
        return np.array([hit[2] for hit in hits]), np.array([hit[0] for hit in hits])

    def link_pose(self, body: int, link: int) -> np.ndarray:
        """Give a link frame's pose, (7,): xyz, quaternion xyzw."""
        if self.handle:
            found = np.empty(7)
            reads.read_link_pose(self.handle, body, link, self._at, found)
            return found
        state = bullet.getLinkState(
            body, link, computeForwardKinematics=True, physicsClientId=self._client
        )
        return np.array(state[4] + state[5])

    # -- time

    def take_turn(self) -> None:
        """Set what Bullet keeps once for all worlds of a process; before stepping this one."""
        if self.contact_reach != World._reach:
            World._reach = self.contact_reach
            bullet.setPhysicsEngineParameter(
                contactBreakingThreshold=self.contact_reach, physicsClientId=self._client
            )

    def step(self) -> None:
        """Advance by one tick."""
        bullet.stepSimulation(self._client)

    def save(self) -> None:
        """Keep the present state as the one `restore` returns to. The world is complete now."""
        client = self._client
        self._movers = []
        group = FIRST_GROUP
        for index in range(bullet.getNumBodies(client)):
            body = bullet.getBodyUniqueId(index, client)
            joints = bullet.getNumJoints(body, client)
            if joints and group <= LAST_GROUP:
                self._part_links(body, joints, group)
                group *= 2
            if joints or bullet.getDynamicsInfo(body, -1, client)[0] > 0:
                self._movers.append(body)
        self._snapshot = bullet.saveState(client)

    def _part_links(self, body: int, joints: int, group: int) -> None:
        """Keep a body's links out of each other's list of neighbours; they never touch anyway."""
        for link in range(-1, joints):
            fixed = link == -1 and bullet.getDynamicsInfo(body, -1, self._client)[0] == 0
            others = ~group & ~STATIC_GROUP if fixed else ~group
            bullet.setCollisionFilterGroupMask(body, link, group, others, self._client)

    def restore(self) -> None:
        """Return to the saved state, the same to the last bit whatever has happened since.

        Bullet solves contacts in an order that depends on which bodies were neighbours before,
        and crosses only a tenth of the stale neighbours off its list in each pass, from a place
        that moves on. An empty list begins anew: so everything is scattered, until it is empty.
        """
        client, upright = self._client, (0, 0, 0, 1)
        for k, body in enumerate(self._movers):
            bullet.resetBasePositionAndOrientation(body, (10.0 * k, 0, 200), upright, client)
        for k in range(PASSES if self._movers else 0):
            # Without motion there is no crossing off.
            place = (-10.0, 0, 200.0 + 10 * (k % 2))
            bullet.resetBasePositionAndOrientation(self._movers[-1], place, upright, client)
            bullet.performCollisionDetection(client)
        bullet.restoreState(self._snapshot, physicsClientId=client)

    # -- pictures

    def picture(
        self, view: list[float], projection: list[float], width: int, height: int, shadow: bool
    ) -> np.ndarray:
        """Draw one image, (height, width, 3) uint8, from OpenGL view and projection matrices."""
        return self.look(view, projection, width, height, ("rgb",), shadow)["rgb"]

    def look(
        self,
        view: list[float],
        projection: list[float],
        width: int,
        height: int,
        kinds: tuple[str, ...] = ("rgb", "depth", "segmentation"),
        shadow: bool = False,
    ) -> dict[str, np.ndarray]:
        """Draw several kinds of image at once, each (height, width).

        `rgb` (.., 3) uint8; `depth` float32, metres along the camera's axis, the far plane where
        there is nothing; `segmentation` int32 body numbers, -1 nothing; `links` int32 link
        indices, -1 a base, -2 nothing. Raises SimError for other kinds.
        """
        return self.sight.look(self.engine, view, projection, width, height, kinds, shadow)
