"""Robot models: a tree of joints and links read from URDF."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robots.errors import ModelError
from robots.tree import Tree, build, together
from robots.urdf import number, numbers, origin, robot_of

MOVABLE = ("revolute", "continuous", "prismatic")
KINDS = (*MOVABLE, "fixed")


@dataclass(frozen=True)
class Mimic:
    """The joint that another one follows, which stands at `ratio` times its value + `offset`."""

    joint: str
    ratio: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """One joint. `position` (3,) and `rotation` (3, 3) place it in its parent's frame.

    `axis` (3,) is a unit vector in the joint's frame. Limits: position rad or m, velocity
    rad/s or m/s, effort N m or N; infinite where the URDF states none. `mimic` names the joint
    that it follows.
    """

    name: str
    kind: str
    parent: str
    child: str
    position: np.ndarray
    rotation: np.ndarray
    axis: np.ndarray
    lower: float
    upper: float
    velocity: float
    effort: float
    mimic: Mimic | None = None


@dataclass(frozen=True)
class Link:
    """One link: mass kg, centre of mass (3,) and inertia about it (3, 3), in the link frame."""

    name: str
    mass: float
    com: np.ndarray
    inertia: np.ndarray


@dataclass(frozen=True)
class Chain:
    """A serial chain of n movable joints, fixed joints folded in, ending in a tool frame.

    `position` (n, 3), `rotation` (n, 3, 3), `axis` (n, 3): placement of each joint in the
    frame of the one before. `prismatic` (n,) bool. `mass` (n,), `com` (n, 3), `inertia`
    (n, 3, 3) about the com: everything rigidly carried by each joint, side branches held at
    zero included. `tool_position` (3,), `tool_rotation` (3, 3): the tip in the last frame.
    """

    joints: tuple[Joint, ...]
    position: np.ndarray
    rotation: np.ndarray
    axis: np.ndarray
    prismatic: np.ndarray
    mass: np.ndarray
    com: np.ndarray
    inertia: np.ndarray
    tool_position: np.ndarray
    tool_rotation: np.ndarray


@dataclass(frozen=True)
class RobotModel:
    """A robot as a tree: `joints` by child link, in order from the root outwards."""

    name: str
    root: str
    joints: tuple[Joint, ...]
    links: dict[str, Link]

    @classmethod
    def from_urdf(cls, path: str | Path) -> "RobotModel":
        """Read a URDF file.

        Raises ModelError, naming the file and the joint or link, where it cannot be read,
        is no tree, has no movable joint, gives a moving link no positive inertia, or has a
        joint mimic one that is missing, does not move, or follows it in turn.
        """
        path = Path(path)
        robot = robot_of(path)
        links = {}
        for element in robot.findall("link"):
            link = _link(path, element)
            links[link.name] = link
        found = [_joint(path, element) for element in robot.findall("joint")]
        root, joints = _in_order(path, links, found)
        if not any(joint.kind in MOVABLE for joint in joints):
            raise ModelError(f"{path}: no movable joint (one of {', '.join(MOVABLE)})")
        _check_inertias(path, links, joints)
        _check_mimics(path, joints)
        return cls(robot.get("name", path.stem), root, joints, links)

    @property
    def movable(self) -> tuple[Joint, ...]:
        """The joints that move, from the root outwards."""
        return tuple(joint for joint in self.joints if joint.kind in MOVABLE)

    def leader(self, joint: Joint) -> tuple[str, float, float]:
        """Give the joint that a joint follows in the end, itself if none, with ratio and offset."""
        by_name = {other.name: other for other in self.joints}
        ratio, offset = 1.0, 0.0
        while joint.mimic is not None:
            ratio, offset = ratio * joint.mimic.ratio, ratio * joint.mimic.offset + offset
            joint = by_name[joint.mimic.joint]
        return joint.name, ratio, offset

    def tree(
        self,
        floating: bool = False,
        joints: Iterable[str] | None = None,
        hold: Mapping[str, float] | None = None,
    ) -> Tree:
        """Give the tree of moving bodies, its base fixed or floating.

        Its coordinates are `joints`, in that order; if None all that move on their own and are
        not in `hold`, from the root outwards. The other joints stand at `hold[name]`, rad or m,
        or at zero; those that mimic one move or stand with it. Raises ModelError for a joint
        that is none or mimics another, one to be held outside its limits, one both held and
        moving, and a floating base without mass or inertia.
        """
        return build(self, floating, joints, hold)

    def chain(self, tip: str, base: str | None = None) -> Chain:
        """Give the serial chain from the link `base` (the root if None) to the link `tip`.

        Raises ModelError for a link that is none, a base that does not carry the tip, and a
        way between them on which nothing moves or a joint mimics another.
        """
        base = self.root if base is None else base
        for name in (tip, base):
            if name not in self.links:
                raise ModelError(f"{self.name}: no link {name!r}; links: {', '.join(self.links)}")
        by_child = {joint.child: joint for joint in self.joints}
        path: list[Joint] = []
        link = tip
        while link != base:
            if link == self.root:
                raise ModelError(f"{self.name}: link {base!r} does not carry link {tip!r}")
            path.insert(0, by_child[link])
            link = path[0].parent
        if not any(joint.kind in MOVABLE for joint in path):
            raise ModelError(f"{self.name}: no movable joint on the way from {base!r} to {tip!r}")
        for joint in path:
            if joint.mimic is not None:
                raise ModelError(
                    f"{self.name}: joint {joint.name!r} mimics {joint.mimic.joint!r}, and a "
                    f"chain's joints move on their own; take the tree"
                )
        return self._fold(path)

    def _fold(self, path: list[Joint]) -> Chain:
        """Fold fixed joints of a path into the movable ones, and gather what each carries."""
        moving = tuple(joint for joint in path if joint.kind in MOVABLE)
        positions, rotations, bodies = [], [], []
        position, rotation = np.zeros(3), np.eye(3)
        on_path = {joint.name for joint in path}
        for joint in path:
            position = position + rotation @ joint.position
            rotation = rotation @ joint.rotation
            if joint.kind in MOVABLE:
                positions.append(position)
                rotations.append(rotation)
                bodies.append(self._carried(joint.child, on_path, {j.name for j in moving}))
                position, rotation = np.zeros(3), np.eye(3)
        mass, com, inertia = (np.array(column) for column in zip(*bodies, strict=True))
        return Chain(
            joints=moving,
            position=np.array(positions),
            rotation=np.array(rotations),
            axis=np.array([joint.axis for joint in moving]),
            prismatic=np.array([joint.kind == "prismatic" for joint in moving]),
            mass=mass,
            com=com,
            inertia=inertia,
            tool_position=position,
            tool_rotation=rotation,
        )

    def _carried(
        self, link: str, on_path: set[str], moving: set[str]
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Sum mass, com and inertia of a link and all that hangs on it, up to the next joint."""
        own = self.links[link]
        parts = [(own.mass, own.com, own.inertia)]
        for joint in self.joints:
            if joint.parent != link or (joint.name in on_path and joint.name in moving):
                continue
            mass, com, inertia = self._carried(joint.child, on_path, moving)
            turned = joint.rotation @ inertia @ joint.rotation.T
            parts.append((mass, joint.position + joint.rotation @ com, turned))
        return together(parts)


def _link(path: Path, element: ET.Element) -> Link:
    name = element.get("name", "")
    owner = f"link {name!r}"
    inertial = element.find("inertial")
    if inertial is None:
        return Link(name, 0.0, np.zeros(3), np.zeros((3, 3)))
    mass = number(path, owner, inertial.find("mass"), "value", "0")
    com, turn = origin(path, owner, inertial)
    tensor = inertial.find("inertia")
    xx, yy, zz, xy, xz, yz = (
        number(path, owner, tensor, key, "0") for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
    )
    inertia = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    if mass < 0 or np.linalg.eigvalsh(inertia)[0] < 0:
        raise ModelError(f"{path}: {owner} has negative mass or inertia; both must be >= 0")
    return Link(name, mass, com, turn @ inertia @ turn.T)


def _joint(path: Path, element: ET.Element) -> Joint:
    name, kind = element.get("name", ""), element.get("type", "")
    owner = f"joint {name!r}"
    if kind not in KINDS:
        raise ModelError(f"{path}: {owner} has type {kind!r}; valid: {', '.join(KINDS)}")
    ends = [element.find(key) for key in ("parent", "child")]
    names = [end.get("link") if end is not None else None for end in ends]
    if names[0] is None or names[1] is None:
        raise ModelError(f"{path}: {owner} lacks its parent or child link")
    position, rotation = origin(path, owner, element)
    axis_element = element.find("axis")
    axis_text = axis_element.get("xyz") if axis_element is not None else None
    axis = numbers(path, f"{owner} axis", axis_text, 3, "1 0 0")
    length = float(np.linalg.norm(axis))
    if kind in MOVABLE and length < 1e-9:
        raise ModelError(f"{path}: {owner} has axis {axis_text!r}; it must not be zero")
    limit = element.find("limit")
    bounded = kind in ("revolute", "prismatic") and limit is not None
    lower = number(path, owner, limit, "lower", "0") if bounded else -np.inf
    upper = number(path, owner, limit, "upper", "0") if bounded else np.inf
    if lower > upper:
        raise ModelError(f"{path}: {owner} has lower limit {lower} above its upper {upper}")
    speed = number(path, owner, limit, "velocity", "1e308") if limit is not None else np.inf
    effort = number(path, owner, limit, "effort", "1e308") if limit is not None else np.inf
    axis = axis / length if length > 0 else np.array([1.0, 0, 0])
    return Joint(
        name=name,
        kind=kind,
        parent=names[0],
        child=names[1],
        position=position,
        rotation=rotation,
        axis=axis,
        lower=lower,
        upper=upper,
        velocity=speed,
        effort=effort,
        mimic=_mimic(path, owner, element) if kind in MOVABLE else None,
    )


def _mimic(path: Path, owner: str, element: ET.Element) -> Mimic | None:
    mimic = element.find("mimic")
    if mimic is None:
        return None
    ratio = number(path, f"{owner} mimic", mimic, "multiplier", "1")
    offset = number(path, f"{owner} mimic", mimic, "offset", "0")
    return Mimic(mimic.get("joint", ""), ratio, offset)


def _in_order(
    path: Path, links: dict[str, Link], joints: list[Joint]
) -> tuple[str, tuple[Joint, ...]]:
    """Give the root link and the joints sorted from it outwards."""
    parents: dict[str, str] = {}
    for joint in joints:
        for end in (joint.parent, joint.child):
            if end not in links:
                raise ModelError(f"{path}: joint {joint.name!r} names link {end!r}, which is none")
        if joint.child in parents:
            raise ModelError(f"{path}: link {joint.child!r} has two parent joints")
        parents[joint.child] = joint.parent
    roots = [name for name in links if name not in parents]
    if len(roots) != 1:
        raise ModelError(f"{path}: a tree has one root link; here: {', '.join(roots) or 'none'}")
    ordered: list[Joint] = []
    reached = [roots[0]]
    while reached:
        link = reached.pop(0)
        for joint in joints:
            if joint.parent == link:
                ordered.append(joint)
                reached.append(joint.child)
    if len(ordered) != len(joints):
        loop = next(joint.child for joint in joints if joint not in ordered)
        raise ModelError(f"{path}: link {loop!r} is part of a loop; a robot must be a tree")
    return roots[0], tuple(ordered)


def _check_inertias(path: Path, links: dict[str, Link], joints: tuple[Joint, ...]) -> None:
    for joint in joints:
        link = links[joint.child]
        if joint.kind in MOVABLE and (link.mass <= 0 or np.linalg.eigvalsh(link.inertia)[0] <= 0):
            raise ModelError(
                f"{path}: link {link.name!r} moves but has mass {link.mass:g} and inertia "
                f"{np.diag(link.inertia).round(9).tolist()}; both must be > 0"
            )


def _check_mimics(path: Path, joints: tuple[Joint, ...]) -> None:
    movable = {joint.name: joint for joint in joints if joint.kind in MOVABLE}
    for joint in joints:
        seen, at = [joint.name], joint
        while at.mimic is not None:
            if at.mimic.joint not in movable:
                raise ModelError(
                    f"{path}: joint {at.name!r} mimics {at.mimic.joint!r}, which is no movable "
                    f"joint; valid: {', '.join(name for name in movable if name not in seen)}"
                )
            at = movable[at.mimic.joint]
            if at.name in seen:
                raise ModelError(
                    f"{path}: joint {at.name!r} mimics itself by way of "
                    f"{', '.join(repr(name) for name in seen)}; one of them must move on its own"
                )
            seen.append(at.name)
