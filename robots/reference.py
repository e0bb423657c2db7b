"""Kinematics and dynamics of a tree in plain NumPy: slow, readable, what kernels are held to.

Notation is Featherstone's (Rigid Body Dynamics Algorithms, 2008), but spatial vectors have their
linear half first, as Pinocchio's do, and everything is worked out in the world's frame about the
world's origin, so that motions and forces of all bodies add without being carried over.

States are the tree's: q (nq,) and v (nv,), see `robots.tree.Tree`. The base of a floating tree
is body -1 with six coordinates of its own; that of a fixed one stands at the world's origin.
Wrong shapes raise RobotError.
"""

from dataclasses import dataclass

import numpy as np

from robots.errors import RobotError
from robots.tree import Tree

GRAVITY = 9.81
"""The same as `robots.kinematics.GRAVITY`, which takes a compiler to import."""


@dataclass(frozen=True)
class Poses:
    """Where a configuration puts the bodies, in the world's frame.

    Row 0 is the base, row i + 1 body i: `position` (b + 1, 3), `rotation` (b + 1, 3, 3).
    `subspace` (6, nv, b + 1) holds for each body the twist that each velocity adds to the one
    of its parent, about the world's origin.
    """

    position: np.ndarray
    rotation: np.ndarray
    subspace: np.ndarray


def skew(vector: np.ndarray) -> np.ndarray:
    """Give the matrix (3, 3) of the cross product with a vector (3,) from the left."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def rotation_about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Give the rotation (3, 3) by an angle, rad, about a unit axis (3,) (Rodrigues)."""
    cross = skew(axis)
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross


def rotation_of(quaternion: np.ndarray) -> np.ndarray:
    """Give the rotation (3, 3) of a quaternion xyzw (4,), made a unit one first."""
    length = np.linalg.norm(quaternion)
    if not length > 1e-6:
        raise RobotError(f"quaternion {quaternion.tolist()} has no length; give a unit one")
    x, y, z, w = quaternion / length
    cross = skew(np.array([x, y, z]))
    return np.eye(3) + 2.0 * w * cross + 2.0 * cross @ cross


def poses(tree: Tree, q: np.ndarray) -> Poses:
    """Forward kinematics: place every body for a configuration q (nq,)."""
    q = _checked(tree, "q", q, tree.nq)
    b = len(tree.bodies)
    position, rotation = np.zeros((b + 1, 3)), np.tile(np.eye(3), (b + 1, 1, 1))
    subspace = np.zeros((6, tree.nv, b + 1))
    joints, free = q, 0
    if tree.floating:
        joints, free = q[7:], 6
        position[0], rotation[0] = q[:3], rotation_of(q[3:7])
        for k in range(3):
            axis = rotation[0][:, k]
            subspace[:3, k, 0] = axis
            subspace[:, 3 + k, 0] = _screw(axis, position[0])
    for i in range(b):
        up = tree.parent[i] + 1
        at = position[up] + rotation[up] @ tree.position[i]
        turn = rotation[up] @ tree.rotation[i]
        axis = turn @ tree.axis[i]
        value = tree.ratio[i] * joints[tree.dof[i]] + tree.offset[i]
        column = free + tree.dof[i]
        if tree.prismatic[i]:
            position[i + 1], rotation[i + 1] = at + value * axis, turn
            subspace[:3, column, i + 1] = tree.ratio[i] * axis
        else:
            position[i + 1] = at
            rotation[i + 1] = turn @ rotation_about(tree.axis[i], value)
            subspace[:, column, i + 1] = tree.ratio[i] * _screw(axis, at)
    return Poses(position, rotation, subspace)


def frame_pose(tree: Tree, q: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the position (3,) and rotation (3, 3) of a link's frame in the world."""
    body, at, turn = tree.frame(name)
    found = poses(tree, q)
    rotation = found.rotation[body + 1]
    return found.position[body + 1] + rotation @ at, rotation @ turn


def jacobian(tree: Tree, q: np.ndarray, name: str) -> np.ndarray:
    """Give a link's geometric Jacobian (6, nv): world frame, at the link's origin, linear first."""
    body, at, _ = tree.frame(name)
    found = poses(tree, q)
    point = found.position[body + 1] + found.rotation[body + 1] @ at
    whole = np.zeros((6, tree.nv))
    while True:
        whole += found.subspace[:, :, body + 1]
        if body < 0:
            break
        body = tree.parent[body]
    # Velocity of the point: v + w x p = v - p x w.
    whole[:3] -= skew(point) @ whole[3:]
    return whole


def jacobian_rate(tree: Tree, q: np.ndarray, v: np.ndarray, name: str) -> np.ndarray:
    """Give the time derivative (6, nv) of `jacobian` along v.

    A column is a twist S carried by its body, or by the one before: its rate is the motion cross
    product of that body's twist with S. Then the point at which it is taken moves as well.
    """
    body, at, _ = tree.frame(name)
    found = poses(tree, q)
    twists = _twists(tree, found, _checked(tree, "v", v, tree.nv))
    point = found.position[body + 1] + found.rotation[body + 1] @ at
    twist = twists[body + 1]
    speed = twist[:3] + skew(twist[3:]) @ point
    whole, rate = np.zeros((6, tree.nv)), np.zeros((6, tree.nv))
    while True:
        whole += found.subspace[:, :, body + 1]
        rate += motion_cross(twists[body + 1]) @ found.subspace[:, :, body + 1]
        if body < 0:
            break
        body = tree.parent[body]
    rate[:3] -= skew(point) @ rate[3:] + skew(speed) @ whole[3:]
    return rate


def rnea(
    tree: Tree,
    q: np.ndarray,
    v: np.ndarray,
    a: np.ndarray,
    gravity: float = GRAVITY,
) -> np.ndarray:
    """Inverse dynamics: give the forces (nv,) of a motion q (nq,), v (nv,), a (nv,).

    Recursive Newton-Euler (Luh, Walker and Paul 1980; Featherstone 2008, table 5.1). For a
    floating base the first six are the force and torque on it, in its own frame, and a is the
    derivative of v component by component: not the acceleration of the base's origin, which
    is a + w x v.
    """
    v, a = _checked(tree, "v", v, tree.nv), _checked(tree, "a", a, tree.nv)
    found = poses(tree, q)
    count = len(tree.bodies) + 1
    twists, accelerations = _twists(tree, found, v), np.zeros((count, 6))
    # Gravity as an upward acceleration of all that is.
    lift = np.array([0.0, 0.0, gravity, 0.0, 0.0, 0.0])
    forces = np.zeros((count, 6))
    for k in range(count):
        before = lift if k == 0 else accelerations[tree.parent[k - 1] + 1]
        own = found.subspace[:, :, k]
        accelerations[k] = before + own @ a + motion_cross(twists[k]) @ (own @ v)
        inertia = spatial_inertia(tree, found, k - 1)
        momentum = inertia @ twists[k]
        forces[k] = inertia @ accelerations[k] + force_cross(twists[k]) @ momentum
    tau = np.zeros(tree.nv)
    for k in range(count - 1, -1, -1):
        tau += found.subspace[:, :, k].T @ forces[k]
        if k > 0:
            forces[tree.parent[k - 1] + 1] += forces[k]
    return tau


def crba(tree: Tree, q: np.ndarray) -> np.ndarray:
    """Give the mass matrix (nv, nv): composite rigid bodies (Featherstone 2008, table 6.2).

    Bodies that share a coordinate add up, so that joints which mimic another need no case.
    """
    found = poses(tree, q)
    count = len(tree.bodies) + 1
    composite = np.array([spatial_inertia(tree, found, k - 1) for k in range(count)])
    mass = np.zeros((tree.nv, tree.nv))
    for k in range(count - 1, -1, -1):
        own = found.subspace[:, :, k]
        force = composite[k] @ own
        mass += own.T @ force
        at = k
        while at > 0:
            at = tree.parent[at - 1] + 1
            shared = found.subspace[:, :, at].T @ force
            mass += shared + shared.T
        if k > 0:
            composite[tree.parent[k - 1] + 1] += composite[k]
    return mass


def bias(tree: Tree, q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Give the forces (nv,) of Coriolis, centrifugal acceleration and gravity."""
    return rnea(tree, q, v, np.zeros(tree.nv))


def gravity(tree: Tree, q: np.ndarray) -> np.ndarray:
    """Give the forces (nv,) that hold the tree still."""
    return rnea(tree, q, np.zeros(tree.nv), np.zeros(tree.nv))


def coriolis(tree: Tree, q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Give the matrix C (nv, nv) with C v = bias - gravity and dM/dt - 2 C skew-symmetric.

    With J_k a body's Jacobian about the world's origin, M = sum J_k' I_k J_k, and
    C = sum J_k' (I_k dJ_k/dt + B_k J_k). B_k is Christoffel's choice of splitting v x* I v
    (Echeandia and Wensing 2021, "Numerical methods to compute the Coriolis matrix").
    """
    v = _checked(tree, "v", v, tree.nv)
    found = poses(tree, q)
    twists = _twists(tree, found, v)
    count = len(tree.bodies) + 1
    whole, rate = np.zeros((count, 6, tree.nv)), np.zeros((count, 6, tree.nv))
    matrix = np.zeros((tree.nv, tree.nv))
    for k in range(count):
        own = found.subspace[:, :, k]
        whole[k], rate[k] = own, motion_cross(twists[k]) @ own
        if k > 0:
            whole[k] += whole[tree.parent[k - 1] + 1]
            rate[k] += rate[tree.parent[k - 1] + 1]
        inertia = spatial_inertia(tree, found, k - 1)
        momentum = inertia @ twists[k]
        split = force_cross(twists[k]) @ inertia - inertia @ motion_cross(twists[k])
        split = 0.5 * (split + _force_cross_bar(momentum))
        matrix += whole[k].T @ (inertia @ rate[k] + split @ whole[k])
    return matrix


def forward_dynamics(tree: Tree, q: np.ndarray, v: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Give the accelerations (nv,) under the forces tau (nv,): M^-1 (tau - bias)."""
    tau = _checked(tree, "tau", tau, tree.nv)
    accelerations: np.ndarray = np.linalg.solve(crba(tree, q), tau - bias(tree, q, v))
    return accelerations


def centre_of_mass(tree: Tree, q: np.ndarray) -> np.ndarray:
    """Give the place (3,) of the whole tree's centre of mass; a fixed base is left out."""
    found = poses(tree, q)
    masses = np.append(tree.base_mass if tree.floating else 0.0, tree.mass)
    coms = np.concatenate([tree.base_com[None], tree.com])
    places = found.position + np.einsum("kij,kj->ki", found.rotation, coms)
    centre: np.ndarray = masses @ places / masses.sum()
    return centre


def energy(tree: Tree, q: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Give kinetic and potential energy, J; the latter is zero at height zero."""
    v = _checked(tree, "v", v, tree.nv)
    mass = tree.mass.sum() + (tree.base_mass if tree.floating else 0.0)
    return 0.5 * v @ crba(tree, q) @ v, GRAVITY * mass * centre_of_mass(tree, q)[2]


def motion_cross(twist: np.ndarray) -> np.ndarray:
    """Give the matrix (6, 6) of the motion cross product with a twist (linear, angular)."""
    matrix = np.zeros((6, 6))
    matrix[:3, :3] = matrix[3:, 3:] = skew(twist[3:])
    matrix[:3, 3:] = skew(twist[:3])
    return matrix


def force_cross(twist: np.ndarray) -> np.ndarray:
    """Give the matrix (6, 6) of the force cross product with a twist."""
    return -motion_cross(twist).T


def _force_cross_bar(force: np.ndarray) -> np.ndarray:
    """Give the matrix (6, 6) with bar(f) v = v x* f."""
    matrix = np.zeros((6, 6))
    matrix[:3, 3:] = matrix[3:, :3] = -skew(force[:3])
    matrix[3:, 3:] = -skew(force[3:])
    return matrix


def spatial_inertia(tree: Tree, found: Poses, body: int) -> np.ndarray:
    """Give a body's inertia (6, 6) in the world's frame about its origin; -1 is the base.

    A fixed base has none: nothing moves it.
    """
    if body >= 0:
        mass, com, about_com = tree.mass[body], tree.com[body], tree.inertia[body]
    elif tree.floating:
        mass, com, about_com = tree.base_mass, tree.base_com, tree.base_inertia
    else:
        return np.zeros((6, 6))
    turn = found.rotation[body + 1]
    arm = skew(found.position[body + 1] + turn @ com)
    matrix = np.empty((6, 6))
    matrix[:3, :3], matrix[:3, 3:] = mass * np.eye(3), -mass * arm
    matrix[3:, :3], matrix[3:, 3:] = mass * arm, turn @ about_com @ turn.T - mass * arm @ arm
    return matrix


def _screw(axis: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Give the twist of a unit turn about an axis through a point: (p x w, w)."""
    return np.concatenate([skew(point) @ axis, axis])


def _twists(tree: Tree, found: Poses, v: np.ndarray) -> np.ndarray:
    """Give the twists (b + 1, 6) of all bodies, the base first."""
    twists = np.zeros((len(tree.bodies) + 1, 6))
    for k in range(len(twists)):
        twists[k] = found.subspace[:, :, k] @ v
        if k > 0:
            twists[k] += twists[tree.parent[k - 1] + 1]
    return twists


def _checked(tree: Tree, what: str, values: np.ndarray, count: int) -> np.ndarray:
    array = np.asarray(values, float)
    if array.shape != (count,):
        raise RobotError(f"{tree.name}: {what} has shape {array.shape}; expected ({count},)")
    return array
