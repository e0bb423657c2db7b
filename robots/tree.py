"""A robot as a tree of moving bodies, ready for algorithms: fixed joints folded in.

Made by `RobotModel.tree`. NumPy alone: nothing here touches a compiler.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from robots.errors import ModelError, RobotError, check_name

if TYPE_CHECKING:
    from robots.model import Joint, RobotModel

Frame = tuple[int, np.ndarray, np.ndarray]
Part = tuple[float, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Tree:
    """b moving bodies, parents before children, each branch in one piece. SI units.

    `bodies` (b,) are the names of the joints that move them. `parent` (b,) int, -1 for the base.
    `position` (b, 3) and `rotation` (b, 3, 3) place each joint in its parent body's frame; `axis`
    (b, 3) is a unit vector in the joint's frame, which at zero is the body's. `prismatic` (b,)
    bool. A body's joint stands at `ratio * q[dof] + offset`, (b,) each: joints that mimic another
    share its coordinate, all others have 1 and 0.

    `n` joint coordinates have `names`, and limits `q_min`, `q_max` (rad or m), `dq_max`, `tau_max`
    (n,); infinite where there is none. A coordinate's limits are those of the joint it is named
    after, not of those that mimic it.

    `mass` (b,), `com` (b, 3) and `inertia` (b, 3, 3) about the com, in the body's frame: all that
    the body carries rigidly. `base_mass`, `base_com` (3,), `base_inertia` (3, 3): the same of the
    base. `frames` has for every link of the URDF its body (-1 for the base) and its position (3,)
    and rotation (3, 3) in that body's frame.

    With `floating`, states are Pinocchio's: configuration (x y z, qx qy qz qw, n joints), velocity
    (linear, angular, n joints) with the base's part in the base's frame.
    """

    name: str
    bodies: tuple[str, ...]
    parent: np.ndarray
    position: np.ndarray
    rotation: np.ndarray
    axis: np.ndarray
    prismatic: np.ndarray
    dof: np.ndarray
    ratio: np.ndarray
    offset: np.ndarray
    n: int
    names: tuple[str, ...]
    mass: np.ndarray
    com: np.ndarray
    inertia: np.ndarray
    floating: bool
    base_mass: float
    base_com: np.ndarray
    base_inertia: np.ndarray
    q_min: np.ndarray
    q_max: np.ndarray
    dq_max: np.ndarray
    tau_max: np.ndarray
    frames: dict[str, Frame]

    @property
    def nq(self) -> int:
        """Numbers in a configuration: n, and 7 for a floating base."""
        return self.n + 7 if self.floating else self.n

    @property
    def nv(self) -> int:
        """Numbers in a velocity: n, and 6 for a floating base."""
        return self.n + 6 if self.floating else self.n

    def frame(self, name: str) -> Frame:
        """Give a link's body, position and rotation; RobotError for a link that is none."""
        check_name("link", name, self.frames)
        return self.frames[name]


def together(parts: Iterable[Part]) -> Part:
    """Join masses (mass, com, inertia about it), all in one frame, to one."""
    parts = list(parts)
    total = sum(mass for mass, _, _ in parts)
    # A frame without mass may still state an inertia; Bullet simulates it, so it counts.
    moment = sum((mass * com for mass, com, _ in parts), np.zeros(3))
    centre = moment / total if total > 0.0 else moment
    inertia = np.zeros((3, 3))
    for mass, com, about_com in parts:
        arm = com - centre
        inertia += about_com + mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return total, centre, inertia


def displaced(joint: "Joint", value: float) -> tuple[np.ndarray, np.ndarray]:
    """Give a joint's position (3,) and rotation (3, 3) in its parent link, moved by `value`."""
    if joint.kind == "prismatic":
        return joint.position + joint.rotation @ joint.axis * value, joint.rotation
    x, y, z = joint.axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turn = np.eye(3) + np.sin(value) * cross + (1.0 - np.cos(value)) * cross @ cross
    return joint.position, joint.rotation @ turn


def build(
    model: "RobotModel",
    floating: bool,
    joints: Iterable[str] | None,
    hold: Mapping[str, float] | None,
) -> Tree:
    """Make the tree; see `RobotModel.tree`."""
    movable = {joint.name: joint for joint in model.movable}
    held = _held(model, movable, dict(hold or {}))
    names = _coordinates(model, movable, joints, held)
    children: dict[str, list[Joint]] = {link: [] for link in model.links}
    for joint in model.joints:
        children[joint.parent].append(joint)

    frames: dict[str, Frame] = {model.root: (-1, np.zeros(3), np.eye(3))}
    rows: list[tuple[str, int, np.ndarray, np.ndarray, np.ndarray, bool, int, float, float]] = []
    # A stack, not a queue: a branch's bodies then lie next to each other.
    todo = children[model.root][::-1]
    while todo:
        joint = todo.pop()
        body, position, rotation = frames[joint.parent]
        leader, ratio, offset = model.leader(joint)
        moves = leader in names
        # A fixed joint, and one held still, is a constant placement of its link.
        value = 0.0 if moves or joint.name not in movable else ratio * held.get(leader, 0) + offset
        at, turn = displaced(joint, value)
        at, turn = position + rotation @ at, rotation @ turn
        if moves:
            frames[joint.child] = (len(rows), np.zeros(3), np.eye(3))
            slides, dof = joint.kind == "prismatic", names.index(leader)
            rows.append((joint.name, body, at, turn, joint.axis, slides, dof, ratio, offset))
        else:
            frames[joint.child] = (body, at, turn)
        todo.extend(children[joint.child][::-1])

    carried: list[list[Part]] = [[] for _ in range(len(rows) + 1)]
    for name, (body, position, rotation) in frames.items():
        link = model.links[name]
        inertia = rotation @ link.inertia @ rotation.T
        carried[body].append((link.mass, position + rotation @ link.com, inertia))
    base_mass, base_com, base_inertia = together(carried.pop())
    if floating and not (base_mass > 0 and np.linalg.eigvalsh(base_inertia)[0] > 0):
        raise ModelError(
            f"{model.name}: link {model.root!r} is to float but carries mass {base_mass:g} and "
            f"inertia {np.diag(base_inertia).round(9).tolist()}; both must be > 0"
        )
    mass, com, inertia = (np.array(part) for part in zip(*map(together, carried), strict=True))
    bodies, parent, position, rotation, axis, prismatic, dof, ratio, offset = zip(
        *rows, strict=True
    )
    return Tree(
        name=model.name,
        bodies=bodies,
        parent=np.array(parent),
        position=np.array(position),
        rotation=np.array(rotation),
        axis=np.array(axis),
        prismatic=np.array(prismatic),
        dof=np.array(dof),
        ratio=np.array(ratio),
        offset=np.array(offset),
        n=len(names),
        names=names,
        mass=mass,
        com=com,
        inertia=inertia,
        floating=floating,
        base_mass=base_mass,
        base_com=base_com,
        base_inertia=base_inertia,
        q_min=np.array([movable[name].lower for name in names]),
        q_max=np.array([movable[name].upper for name in names]),
        dq_max=np.array([movable[name].velocity for name in names]),
        tau_max=np.array([movable[name].effort for name in names]),
        frames=frames,
    )


def _independent(model: "RobotModel", movable: dict[str, "Joint"], name: str) -> None:
    """Refuse a joint that is none, or that does not move on its own."""
    try:
        check_name("movable joint", name, movable)
    except RobotError as error:
        raise ModelError(f"{model.name}: {error}") from None
    leader, _, _ = model.leader(movable[name])
    if leader != name:
        raise ModelError(f"{model.name}: joint {name!r} mimics {leader!r}; name that one instead")


def _held(
    model: "RobotModel", movable: dict[str, "Joint"], hold: dict[str, float]
) -> dict[str, float]:
    for name, value in hold.items():
        _independent(model, movable, name)
        lower, upper = movable[name].lower, movable[name].upper
        try:
            hold[name] = float(value)
        except (TypeError, ValueError):
            hold[name] = np.nan
        if not (np.isfinite(hold[name]) and lower - 1e-9 <= hold[name] <= upper + 1e-9):
            raise ModelError(
                f"{model.name}: joint {name!r} cannot be held at {value!r}; "
                f"valid: a number from {lower:g} to {upper:g}"
            )
    return hold


def _coordinates(
    model: "RobotModel",
    movable: dict[str, "Joint"],
    joints: Iterable[str] | None,
    held: dict[str, float],
) -> tuple[str, ...]:
    if joints is None:
        free = [joint for joint in model.movable if joint.name not in held]
        names = tuple(joint.name for joint in free if joint.mimic is None)
    else:
        names = (joints,) if isinstance(joints, str) else tuple(joints)
    for name in names:
        _independent(model, movable, name)
        if name in held:
            raise ModelError(f"{model.name}: joint {name!r} cannot both be held and move")
        if names.count(name) > 1:
            raise ModelError(f"{model.name}: joint {name!r} is named twice; once is enough")
    if not names:
        raise ModelError(f"{model.name}: a tree needs a joint that moves; here none does")
    return names
