"""Kinematics of any tree, written once over expressions, in the world's frame.

A state is the tree's: q (nq,), dq (nv,), see `robots.tree.Tree`. Columns of a Jacobian are
(z x (p - o), z) for a coordinate that turns about z at o, (z, 0) for one that slides along it.
"""

from dataclasses import dataclass

import numpy as np

from robots.generated.bodies import Body, Inertia, snapped
from robots.generated.graph import Graph, Scalar
from robots.generated.spatial import Array, Joint, constant, cross, rotation_of, zeros
from robots.tree import Tree


@dataclass(frozen=True)
class Column:
    """One coordinate's share in the motion of a body: `ratio` times a slide or a turn.

    `axis` and `origin` (3,) in the world; `body` is the one that it moves, -1 the base; `on` is
    the one that carries the axis, None where it stands still.
    """

    index: int
    ratio: float
    slides: bool
    axis: Array
    origin: Array
    body: int
    on: int | None


class World:
    """Where a configuration puts every body: `position[i]`, `rotation[i]`; -1 is the base."""

    def __init__(self, graph: Graph, tree: Tree, bodies: list[Body], q: Array) -> None:
        self.tree, self.bodies = tree, bodies
        self.first = 6 if tree.floating else 0
        joints = q[7:] if tree.floating else q
        self.position: dict[int, Array] = {-1: q[:3] if tree.floating else zeros(3)}
        self.rotation: dict[int, Array] = {
            -1: rotation_of(q[3:7]) if tree.floating else constant(np.eye(3))
        }
        for i, body in enumerate(bodies):
            joint = Joint(graph, body, joints)
            up = self.rotation[body.parent]
            self.position[i] = self.position[body.parent] + up @ joint.origin
            self.rotation[i] = joint.turned(up)

    def frame(self, name: str) -> tuple[int, Array, Array]:
        """Give a link's body, and its position (3,) and rotation (3, 3) in the world."""
        body, at, turn = self.tree.frame(name)
        back = np.eye(3) if body < 0 else self.bodies[body].turn.T
        rotation = self.rotation[body]
        place = self.position[body] + rotation @ constant(back @ at)
        return body, place, rotation @ constant(snapped(back @ turn))

    def columns(self, body: int) -> list[Column]:
        """Give all that moves a body, from it inwards."""
        found: list[Column] = []
        while body >= 0:
            found.extend(self.own(body))
            body = self.bodies[body].parent
        return found + (self.own(-1) if self.tree.floating else [])

    def own(self, i: int) -> list[Column]:
        """Give what moves a body against its parent, or a floating base."""
        rotation, origin = self.rotation[i], self.position[i]
        if i < 0:
            axes = [rotation[:, k % 3] for k in range(6)]
            return [Column(k, 1.0, k < 3, axes[k], origin, -1, -1) for k in range(6)]
        joint = self.bodies[i]
        on = joint.parent if joint.parent >= 0 or self.tree.floating else None
        index = self.first + joint.dof
        return [Column(index, joint.ratio, joint.prismatic, rotation[:, 2], origin, i, on)]

    def jacobian(self, body: int, point: Array) -> Array:
        """Give the geometric Jacobian (6, nv) of a point (3,) that a body carries."""
        out = zeros(6, self.tree.nv)
        for c in self.columns(body):
            arm = c.axis if c.slides else cross(c.axis, point - c.origin)
            out[:3, c.index] = out[:3, c.index] + c.ratio * arm
            if not c.slides:
                out[3:, c.index] = out[3:, c.index] + c.ratio * c.axis
        return out

    def motions(self, dq: Array) -> tuple[dict[int, Array], dict[int, Array]]:
        """Give angular velocity and velocity of the origin of every body, world frame."""
        tree = self.tree
        spin: dict[int, Array] = {-1: zeros(3)}
        speed: dict[int, Array] = {-1: zeros(3)}
        if tree.floating:
            spin[-1], speed[-1] = self.rotation[-1] @ dq[3:6], self.rotation[-1] @ dq[:3]
        for i, body in enumerate(self.bodies):
            rate = body.ratio * dq[self.first + body.dof]
            along = rate * self.rotation[i][:, 2]
            before = spin[body.parent]
            arm = self.position[i] - self.position[body.parent]
            speed[i] = speed[body.parent] + cross(before, arm)
            spin[i] = before
            if body.prismatic:
                speed[i] = speed[i] + along
            else:
                spin[i] = before + along
        return spin, speed

    def jacobian_dot(self, body: int, point: Array, dq: Array) -> Array:
        """Give the time derivative (6, nv) of `jacobian`."""
        spin, speed = self.motions(dq)
        carried = speed[body] + cross(spin[body], point - self.position[body])
        out = zeros(6, self.tree.nv)
        for c in self.columns(body):
            turning = zeros(3) if c.on is None else cross(spin[c.on], c.axis)
            if c.slides:
                out[:3, c.index] = out[:3, c.index] + c.ratio * turning
                continue
            arm = cross(turning, point - c.origin) + cross(c.axis, carried - speed[c.body])
            out[:3, c.index] = out[:3, c.index] + c.ratio * arm
            out[3:, c.index] = out[3:, c.index] + c.ratio * turning
        return out

    def com(self, base: Inertia) -> tuple[Array, Array]:
        """Give the centre of mass (3,) and its Jacobian (3, nv); a fixed base's mass is left out.

        A coordinate that turns about z at o moves all beyond it, of mass m and first moment s,
        and so the centre by z x (s - m o) / M.
        """
        tree = self.tree
        mass = {i: body.inertia.mass for i, body in enumerate(self.bodies)} | {-1: base.mass}
        moment = {
            i: self.rotation[i] @ constant(body.inertia.moment) + mass[i] * self.position[i]
            for i, body in enumerate(self.bodies)
        }
        moment[-1] = self.rotation[-1] @ constant(base.moment) + base.mass * self.position[-1]
        for i in range(len(self.bodies) - 1, -1, -1):
            parent = self.bodies[i].parent
            mass[parent] += mass[i]
            moment[parent] = moment[parent] + moment[i]
        share = 1.0 / mass[-1]
        out = zeros(3, tree.nv)
        for i in range(-1 if tree.floating else 0, len(self.bodies)):
            for c in self.own(i):
                arm = mass[i] * c.axis
                if not c.slides:
                    arm = cross(c.axis, moment[i] - mass[i] * c.origin)
                out[:, c.index] = out[:, c.index] + share * c.ratio * arm
        return share * moment[-1], out


def points(world: World, body: np.ndarray, place: np.ndarray) -> list[Scalar]:
    """Give the world's coordinates, flat, of points (k, 3) fixed to bodies (k,)."""
    flat: list[Scalar] = []
    for at, point in zip(body, place, strict=True):
        back = np.eye(3) if at < 0 else world.bodies[at].turn.T
        flat.extend(world.position[at] + world.rotation[at] @ constant(back @ point))
    return flat
