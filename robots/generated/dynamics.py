"""Dynamics of any tree, written once over expressions, each body in its own frame.

Inertias are regrouped (`robots.generated.bodies`), about the origin of the body's frame: mass m,
first moment h, inertia I. A floating base's velocity and forces are in the base's own frame.
"""

from dataclasses import dataclass

import numpy as np

from robots.generated.bodies import Body, Inertia
from robots.generated.graph import Graph, Scalar
from robots.generated.spatial import Array, Joint, Z, constant, cross, dot, rotation_of, zeros
from robots.tree import Tree

GRAVITY = 9.81
"""The same as `robots.kinematics.GRAVITY`, which takes a compiler to import."""


@dataclass(frozen=True)
class Mechanism:
    """A tree with its joints in one configuration."""

    tree: Tree
    bodies: list[Body]
    base: Inertia
    joints: list[Joint]
    up: Array
    """The world's z in the base's frame."""

    @classmethod
    def at(
        cls, graph: Graph, tree: Tree, bodies: list[Body], base: Inertia, q: Array
    ) -> "Mechanism":
        up = rotation_of(q[3:7])[2] if tree.floating else Z
        coordinates = q[7:] if tree.floating else q
        joints = [Joint(graph, body, coordinates) for body in bodies]
        return cls(tree, bodies, base, joints, up)

    @property
    def first(self) -> int:
        """Where the joints' coordinates begin in a velocity."""
        return 6 if self.tree.floating else 0


def rnea(m: Mechanism, dq: Array, ddq: Array, gravity: float = GRAVITY) -> Array:
    """Give the forces (nv,) of a motion.

    Recursive Newton-Euler (Luh, Walker and Paul 1980). What turns a body's points into their
    accelerations, W = [dw]x + [w]x[w]x, is made once a body and serves its own mass and its
    children's origins.
    """
    lift = gravity * m.up
    spin: dict[int, Array] = {-1: zeros(3)}
    turning: dict[int, Array] = {-1: zeros(3)}
    rise: dict[int, Array] = {-1: lift}
    if m.tree.floating:
        spin[-1], turning[-1] = dq[3:6], ddq[3:6]
        rise[-1] = ddq[:3] + cross(dq[3:6], dq[:3]) + lift
    spread = {-1: _spread(spin[-1], turning[-1])}
    force: dict[int, Array] = {-1: zeros(3)}
    moment: dict[int, Array] = {-1: zeros(3)}
    for i, body in enumerate(m.bodies):
        joint, up = m.joints[i], body.parent
        rate, push = (body.ratio * x[m.first + body.dof] for x in (dq, ddq))
        w, a = joint.into(spin[up]), joint.into(turning[up])
        v = joint.into(rise[up] + spread[up] @ joint.origin)
        if body.prismatic:
            v = v + np.array([2.0 * rate * w[1], -(2.0 * rate * w[0]), push], object)
        else:
            a = a + np.array([rate * w[1], -(rate * w[0]), push], object)
            w = w + rate * Z
        spin[i], turning[i], rise[i], spread[i] = w, a, v, _spread(w, a)
        force[i], moment[i] = _load(body.inertia, w, a, v, spread[i])
    if m.tree.floating:
        force[-1], moment[-1] = _load(m.base, spin[-1], turning[-1], rise[-1], spread[-1])
    tau = zeros(m.tree.nv)
    for i in range(len(m.bodies) - 1, -1, -1):
        body, joint = m.bodies[i], m.joints[i]
        at, own = m.first + body.dof, force[i][2] if body.prismatic else moment[i][2]
        tau[at] = tau[at] + body.ratio * own
        carried = joint.out(force[i])
        force[body.parent] = force[body.parent] + carried
        about = joint.out(moment[i]) + cross(joint.origin, carried)
        moment[body.parent] = moment[body.parent] + about
    if m.tree.floating:
        tau[:3], tau[3:6] = force[-1], moment[-1]
    return tau


def crba(m: Mechanism) -> Array:
    """Give the mass matrix (nv, nv) by composite rigid bodies (Featherstone 2008, table 6.2)."""
    mass = {i: body.inertia.mass for i, body in enumerate(m.bodies)} | {-1: m.base.mass}
    first = {i: constant(body.inertia.moment) for i, body in enumerate(m.bodies)}
    first[-1] = constant(m.base.moment)
    about = {i: constant(body.inertia.about) for i, body in enumerate(m.bodies)}
    about[-1] = constant(m.base.about)
    out = zeros(m.tree.nv, m.tree.nv)
    for i in range(len(m.bodies) - 1, -1, -1):
        body, joint = m.bodies[i], m.joints[i]
        h = first[i]
        if body.prismatic:
            force, moment = mass[i] * Z, np.array([h[1], -h[0], 0.0], object)
        else:
            force, moment = np.array([-h[1], h[0], 0.0], object), about[i][:, 2]
        _add_column(m, i, force, moment, out)
        up = body.parent
        if up < 0 and not m.tree.floating:
            continue
        carried = joint.out(h)
        first[up] = first[up] + carried + mass[i] * joint.origin
        about[up] = about[up] + moved(turned(joint, about[i]), carried, mass[i], joint.origin)
        mass[up] += mass[i]
    if m.tree.floating:
        lever = skew(first[-1])
        out[:3, :3] = mass[-1] * constant(np.eye(3))
        out[:3, 3:6], out[3:6, :3], out[3:6, 3:6] = -lever, lever, about[-1]
    return out


def forward_dynamics(m: Mechanism, dq: Array, tau: Array) -> Array:
    """Give the accelerations (nv,) under forces tau, from M ddq = tau - bias.

    M = L' D L from the last coordinate inwards, which leaves zero what is zero between branches
    (Featherstone 2005, "Efficient factorization of the joint-space inertia matrix for branched
    kinematic trees").
    """
    n = m.tree.nv
    left = list(tau - rnea(m, dq, zeros(n)))
    mass = crba(m)
    inverse: list[Scalar] = [0.0] * n
    for k in range(n - 1, -1, -1):
        inverse[k] = 1.0 / mass[k, k]
        for i in range(k):
            share = mass[k, i] * inverse[k]
            for j in range(i + 1):
                mass[i, j] = mass[i, j] - share * mass[k, j]
            left[i] = left[i] - share * left[k]
        for i in range(k):
            mass[k, i] = mass[k, i] * inverse[k]
    ddq: list[Scalar] = []
    for k in range(n):
        value = left[k] * inverse[k]
        for i in range(k):
            value = value - mass[k, i] * ddq[i]
        ddq.append(value)
    return np.array(ddq, object)


def _spread(w: Array, a: Array) -> Array:
    """Give [a]x + [w]x[w]x (3, 3)."""
    xx, yy, zz = w[0] * w[0], w[1] * w[1], w[2] * w[2]
    xy, xz, yz = w[0] * w[1], w[0] * w[2], w[1] * w[2]
    return np.array(
        [
            [-(yy + zz), xy - a[2], xz + a[1]],
            [xy + a[2], -(xx + zz), yz - a[0]],
            [xz - a[1], yz + a[0], -(xx + yy)],
        ],
        object,
    )


def _load(inertia: Inertia, w: Array, a: Array, v: Array, spread: Array) -> tuple[Array, Array]:
    """Give the force and the moment about the origin that a body's motion takes."""
    h = constant(inertia.moment)
    force = inertia.mass * v + spread @ h
    (ixx, ixy, ixz), (_, iyy, iyz), (_, _, izz) = inertia.about.tolist()
    xx, yy, zz = w[0] * w[0], w[1] * w[1], w[2] * w[2]
    xy, xz, yz = w[0] * w[1], w[0] * w[2], w[1] * w[2]
    # I a + w x (I w), sorted by the entries of I so that those which are zero take nothing away.
    moment = np.array(
        [
            ixx * a[0] + (izz - iyy) * yz + ixy * (a[1] - xz) + ixz * (a[2] + xy) + iyz * (yy - zz),
            iyy * a[1] + (ixx - izz) * xz + ixy * (a[0] + yz) + iyz * (a[2] - xy) + ixz * (zz - xx),
            izz * a[2] + (iyy - ixx) * xy + ixz * (a[0] - yz) + iyz * (a[1] + xz) + ixy * (xx - yy),
        ],
        object,
    )
    return force, moment + cross(h, v)


def _add_column(m: Mechanism, i: int, force: Array, moment: Array, out: Array) -> None:
    """Add to the mass matrix what body i's own joint shares with all that carry it."""
    own = m.bodies[i]
    row, at = m.first + own.dof, i
    while True:
        body, joint = m.bodies[at], m.joints[at]
        column = m.first + body.dof
        share = own.ratio * body.ratio * (force[2] if body.prismatic else moment[2])
        # Two joints of one coordinate meet on the diagonal, once each way.
        twice = at != i and row == column
        _add(out, row, column, 2.0 * share if twice else share)
        at = body.parent
        if at < 0 and not m.tree.floating:
            return
        force = joint.out(force)
        moment = joint.out(moment) + cross(joint.origin, force)
        if at < 0:
            break
    for k in range(3):
        for column, share in ((k, force[k]), (3 + k, moment[k])):
            _add(out, row, column, own.ratio * share)


def _add(out: Array, row: int, column: int, share: Scalar) -> None:
    """Add to a symmetric matrix, below its diagonal and above it alike."""
    out[row, column] = out[column, row] = out[row, column] + share


def turned(joint: Joint, about: Array) -> Array:
    """Give a symmetric matrix of the body's frame in the parent's."""
    s, c = joint.sine, joint.cosine
    xx, yy, xy = about[0, 0], about[1, 1], about[0, 1]
    xz, yz = about[0, 2], about[1, 2]
    less = (xx - yy) * s
    # c^2 xx - 2 s c xy + s^2 yy = xx - s ((xx - yy) s + 2 c xy), and likewise for the others.
    shift = s * (less + 2.0 * c * xy)
    cross_term = xy + c * less - 2.0 * s * s * xy
    tx, ty = c * xz - s * yz, s * xz + c * yz
    local = np.array(
        [[xx - shift, cross_term, tx], [cross_term, yy + shift, ty], [tx, ty, about[2, 2]]], object
    )
    return joint.fixed @ local @ joint.fixed.T


def moved(about: Array, moment: Array, mass: float, by: Array) -> Array:
    """Give an inertia about an origin that sees the old one at `by`; `moment` is about the old."""
    shift = 2.0 * dot(by, moment) + mass * dot(by, by)
    out = zeros(3, 3)
    for i in range(3):
        for j in range(i, 3):
            value = about[i, j] - by[i] * moment[j] - by[j] * moment[i] - mass * by[i] * by[j]
            out[i, j] = out[j, i] = value + shift if i == j else value
    return out


def skew(h: Array) -> Array:
    """Give the matrix (3, 3) of the cross product with a vector (3,) from the left."""
    return np.array([[0.0, -h[2], h[1]], [h[2], 0.0, -h[0]], [-h[1], h[0], 0.0]], object)
