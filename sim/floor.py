"""A scene and the bodies on it, standing in a world: what tasks place, move and look at."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from robots.kinematics import rotation_from_quaternion
from sim.cameras import Camera
from sim.errors import SimError
from sim.randomise import Look, group_of
from sim.reads import JointReader
from sim.scene import PARTS, Fixture, Scene
from sim.world import World

ASSETS = Path(__file__).parent / "assets"
PARKING = (0.0, -20.0, 0.0)
PIT = (0.0, -40.0, -10.0)


class Floor:
    """One scene and named bodies. Poses are (7,): xyz, quaternion xyzw, in the floor's frame.

    Bodies are loose (parts and the like), mechanisms (fixed, with joints of their own) or
    boxes that stand still. `carriers` maps the name of what a camera can ride on to a function
    that gives its pose.
    """

    def __init__(self, scene: Scene, tick_hz: int, renderer: str, gui: bool = False) -> None:
        self.scene = scene
        self.tick_hz = tick_hz
        self.world = World(tick_hz, renderer, gui)
        self.bodies: dict[str, int] = {}
        self.carriers: dict[str, Callable[[], np.ndarray]] = {}
        self._loose: list[str] = []
        self._joints: dict[tuple[str, str], int] = {}
        self._links: dict[tuple[str, str], int] = {}
        self._parking = False
        self._look = Look()
        for name, fixture in scene.fixtures.items():
            self.add_box(name, fixture)

    def close(self) -> None:
        """Release the world."""
        self.world.close()

    # -- building, before the first reset

    def add_box(self, name: str, fixture: Fixture) -> None:
        """Add a box that stands still."""
        self._take(name, self.world.add_box(fixture.size, fixture.position, fixture.colour))

    def add_part(self, name: str, kind: str) -> None:
        """Add a loose part of one of the kinds in `scene.PARTS`."""
        if kind not in PARTS:
            raise SimError(f"unknown part {kind!r}; choose from {', '.join(PARTS)}")
        self.add_body(name, ASSETS / "parts" / f"{kind}.urdf")

    def add_body(self, name: str, path: Path) -> None:
        """Add a loose body from a URDF."""
        self._take(name, self.world.load(path, (0.4, 0.1 * len(self._loose), 0.05)))
        self._loose.append(name)

    def add_mechanism(self, name: str, path: Path, pose: np.ndarray) -> None:
        """Add a fixed body with joints, at rest and without motors, from a URDF."""
        body = self.world.load(path, fixed=True)
        self._take(name, body)
        self.world.place(body, pose[:3], pose[3:])
        joints = self.world.movable_joints(body)
        for joint, index in joints.items():
            self._joints[name, joint] = index
        self.world.free_motors(body, list(joints.values()))

    def solve_to(self, residual: float) -> None:
        """Let the contact solver stop at a residual (Bullet's own is 1e-7): for many contacts."""
        self.world.solve_to(residual)

    def add_parking(self) -> None:
        """Add the shelf, out of sight, that `park` needs."""
        x, y, z = PARKING
        self.world.add_box((100.0, 1.0, 0.1), (x, y, z - 0.05), (0.5, 0.5, 0.5, 1.0))
        self._parking = True

    def fit_closely(self, reach: float) -> None:
        """Have contacts forget a point that slid further than `reach`, m: for close fits."""
        self.world.contact_reach = reach

    def _take(self, name: str, body: int) -> None:
        if name in self.bodies:
            raise SimError(f"two bodies are named {name!r}")
        self.bodies[name] = body

    def built(self) -> None:
        """Keep the present state as the one that every reset starts from."""
        self.world.save()

    def reset(self) -> None:
        """Return to the built state, with nothing left over from the last episode."""
        self.world.take_turn()
        self.world.restore()

    # -- bodies

    def place(self, name: str, pose: np.ndarray) -> None:
        """Put a body at a pose (7,), at rest."""
        self.world.place(self.bodies[name], pose[:3], pose[3:])

    def park(self, name: str) -> None:
        """Put a loose body away, out of sight, until it is placed again."""
        if not self._parking:
            raise SimError("this floor has no parking; call add_parking() when building")
        x, y, z = PARKING
        place = np.array([x + 0.3 * self._loose.index(name), y, z, 0.0, 0.0, 0.0, 1.0])
        self.place(name, place)

    def discard(self, name: str) -> None:
        """Let a loose body fall out of sight until it is placed again.

        What falls touches nothing, and costs a tenth of what rests on the shelf of `park`.
        """
        x, y, z = PIT
        place = np.array([x + 0.3 * self._loose.index(name), y, z, 0.0, 0.0, 0.0, 1.0])
        self.place(name, place)

    def damp(self, name: str, linear: float, angular: float) -> None:
        """Set the share of a loose body's velocities that a second takes away, 0..1.

        What rolls would otherwise roll on for good: Bullet has no rolling friction here.
        """
        self.world.damp(self.bodies[name], linear, angular)

    def paint(self, name: str, colour: tuple[float, ...], link: str | None = None) -> None:
        """Give a body, or one link of a mechanism, one colour, RGBA in 0..1."""
        body = self.bodies[name]
        index = -1 if link is None else self._link(name, link)
        self.world.paint(body, colour, index)

    def pose(self, name: str) -> np.ndarray:
        """Give a body's pose (7,); of a part, the pose of its foot's centre."""
        return self.world.pose(self.bodies[name])

    def poses(self, names: Sequence[str]) -> np.ndarray:
        """Give the poses of several bodies, (m, 7)."""
        return self.world.poses(tuple(self.bodies[name] for name in names))

    def poses_by_name(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Give the poses of several bodies, each (7,)."""
        asked = tuple(names)
        return dict(zip(asked, self.poses(asked), strict=True))

    def velocity(self, name: str) -> np.ndarray:
        """Give a body's linear and angular velocity, (6,), m/s and rad/s."""
        return self.world.velocity(self.bodies[name])

    def touching(self, name: str, other: str) -> bool:
        """Say whether two bodies were in contact in the last tick."""
        return self.world.touch(self.bodies[name], self.bodies[other])

    def touched(self, name: str) -> set[str]:
        """Give the names of the bodies that one was in contact with in the last tick."""
        found = self.world.touched(self.bodies[name])
        return {other for other, body in self.bodies.items() if body in found}

    # -- mechanisms

    def joint(self, name: str, joint: str) -> tuple[float, float]:
        """Give position and velocity of a mechanism's joint, SI units."""
        q, dq = self.world.read_joints(self.bodies[name], [self._joint(name, joint)])
        return q[0], dq[0]

    def joint_reader(self, *joints: tuple[str, str]) -> JointReader:
        """Give what reads the positions of mechanisms' joints, each (name, joint)."""
        return self.world.joint_reader(
            [(self.bodies[name], self._joint(name, joint)) for name, joint in joints]
        )

    def set_joint(self, name: str, joint: str, position: float) -> None:
        """Put a mechanism's joint at a position, at rest, without stepping."""
        self.world.reset_joints(self.bodies[name], [self._joint(name, joint)], np.array([position]))

    def spring(self, name: str, joint: str, rest: float, force: float, speed: float) -> None:
        """Draw a mechanism's joint towards `rest` with at most `force` (N or N m), from now on.

        With speed 0 this is friction: the joint stays where it is left, and gives way to more
        than `force`.
        """
        which = self._joint(name, joint)
        if speed == 0.0:
            self.world.brake(self.bodies[name], which, force)
        else:
            self.world.drive_to(self.bodies[name], [which], rest, force, speed)

    def link_pose(self, name: str, link: str) -> np.ndarray:
        """Give the pose (7,) of one link of a mechanism."""
        return self.world.link_pose(self.bodies[name], self._link(name, link))

    def _joint(self, name: str, joint: str) -> int:
        if (name, joint) not in self._joints:
            known = ", ".join(j for n, j in self._joints if n == name) or "none"
            raise SimError(f"body {name!r} has no movable joint {joint!r} (joints: {known})")
        return self._joints[name, joint]

    def _link(self, name: str, link: str) -> int:
        if (name, link) not in self._links:
            self._links[name, link] = self.world.link_index(self.bodies[name], link)
        return self._links[name, link]

    # -- pictures

    def picture(self, camera: str, width: int, height: int, shadow: bool) -> np.ndarray:
        """Draw what a camera sees now, (height, width, 3) uint8."""
        return self.look(camera, width, height, ("rgb",), shadow)["rgb"]

    def look(
        self,
        camera: str,
        width: int,
        height: int,
        kinds: tuple[str, ...] = ("rgb", "depth", "segmentation"),
        shadow: bool = False,
    ) -> dict[str, np.ndarray]:
        """Draw several kinds of image of what a camera sees now; see `World.look`."""
        which = self._camera(camera)
        view = which.view(*self._carrier(which))
        lens = which.projection(width, height)
        return self.world.look(view, lens, width, height, kinds, shadow)

    def calibration(self, camera: str, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Give a camera's intrinsics (3, 3) at a size, and where it is now: camera_in_world (4, 4).

        OpenCV's conventions: x right, y down, z ahead; see `Camera`.
        """
        which = self._camera(camera)
        lens = which.intrinsics(width, height, self.world.engine)
        return lens, which.pose(*self._carrier(which))

    def apply_look(self, style: Look | None) -> None:
        """Take another look from now on (`sim.randomise`); None is the scene's own.

        Raises SimError for a look with patterns where the renderer has none.
        """
        style = style or Look()
        if style.patterns:
            self.need_patterns()
        self._look = style
        groups = self.groups()
        sight = self.world.sight
        sight.light = style.light
        sight.tint({b: tint for name, tint in style.tints.items() for b in groups[name]})
        sight.painter.cover({b: p for name, p in style.patterns.items() for b in groups[name]})

    def need_patterns(self) -> None:
        """Raise SimError where the renderer draws no random textures."""
        if self.world.engine not in ("fast", "none"):
            raise SimError(
                f"renderer {self.world.engine!r} draws no random textures; choose 'fast', "
                "or leave 'textures' out of randomise"
            )

    def groups(self) -> dict[str, list[int]]:
        """Give the bodies that a look colours alike: by name without its number; robots."""
        found: dict[str, list[int]] = {}
        for name, body in self.bodies.items():
            found.setdefault(group_of(name), []).append(body)
        known = set(self.bodies.values())
        found["robot"] = [body for body in self.world.sight.bodies() if body not in known]
        return found

    def _camera(self, name: str) -> Camera:
        which = self._look.cameras.get(name) or self.scene.cameras.get(name)
        if which is None:
            known = ", ".join(self.scene.cameras)
            raise SimError(f"no camera {name!r}; cameras: {known}")
        return which

    def _carrier(self, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """Give position (3,) and rotation (3, 3) of what a camera rides on."""
        if camera.link is None:
            return np.zeros(3), np.eye(3)
        if camera.link not in self.carriers:
            known = ", ".join(self.carriers) or "none"
            raise SimError(f"camera {camera.name!r} rides on {camera.link!r}; there is: {known}")
        pose = self.carriers[camera.link]()
        return pose[:3], rotation_from_quaternion(pose[3:])
