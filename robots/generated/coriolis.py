"""The Coriolis matrix of any tree, written once over expressions, each body in its own frame.

C = sum J_k' (I_k dJ_k/dt + B_k J_k) over bodies k, J_k their Jacobians. Of all ways B_k to split
the force v x* I v into B v this is Christoffel's (Echeandia and Wensing 2021, "Numerical methods
to compute the Coriolis matrix and Christoffel symbols for rigid-body systems"): dM/dt - 2 C is
then skew-symmetric. In blocks, forces above moments and linear before angular velocities,
B = [0, -[p]x; 0, D] with p the linear momentum, D = -[h]x [u]x - [w]x (tr(I)/2 - I): it keeps that
form from frame to frame, so a body and all that it carries are p and D.
"""

from dataclasses import dataclass

import numpy as np

from robots.generated.bodies import Inertia
from robots.generated.dynamics import Mechanism, moved, skew, turned
from robots.generated.graph import Scalar
from robots.generated.spatial import Array, Joint, Z, constant, cross, dot, zeros

Pair = tuple[Array, Array]
"""A linear and an angular half (3,) each: of a twist, or a force and its moment."""


@dataclass
class _Load:
    """Inertia about the frame's origin of a body and all that it carries, and their p and D."""

    mass: float
    first: Array
    about: Array
    momentum: Array
    split: Array

    @classmethod
    def of(cls, inertia: Inertia, speed: Array, spin: Array) -> "_Load":
        h = constant(inertia.moment)
        spread = constant(0.5 * np.trace(inertia.about) * np.eye(3) - inertia.about)
        momentum = inertia.mass * speed + cross(spin, h)
        split = -(skew(h) @ skew(speed)) - skew(spin) @ spread
        return cls(inertia.mass, h, constant(inertia.about), momentum, split)

    def forces(self, twist: Pair) -> Pair:
        """Give the inertia times a twist."""
        linear, angular = twist
        force = self.mass * linear + cross(angular, self.first)
        return force, cross(self.first, linear) + self.about @ angular

    def turning(self, screw: Pair, rate: Pair) -> Pair:
        """Give I dS + B S of a column S."""
        force, moment = self.forces(rate)
        return force - cross(self.momentum, screw[1]), moment + self.split @ screw[1]

    def couple(self, screw: Pair) -> Array:
        """Give B' S, which is a moment alone."""
        return cross(self.momentum, screw[0]) + self.split.T @ screw[1]

    def take(self, other: "_Load", joint: Joint) -> None:
        """Add what lies beyond a joint."""
        h, p, at = joint.out(other.first), joint.out(other.momentum), joint.origin
        around = moved(turned(joint, other.about), h, other.mass, at)
        self.first = self.first + h + other.mass * at
        self.about = self.about + around
        self.mass += other.mass
        self.momentum = self.momentum + p
        self.split = self.split + joint.out(joint.out(other.split).T).T - skew(at) @ skew(p)


def coriolis_matrix(m: Mechanism, dq: Array) -> Array:
    """Give the matrix C (nv, nv) with C dq = bias - gravity and dM/dt - 2 C skew-symmetric."""
    speed, spin = _velocities(m, dq)
    loads = {i: _Load.of(body.inertia, speed[i], spin[i]) for i, body in enumerate(m.bodies)}
    loads[-1] = _Load.of(m.base, speed[-1], spin[-1])
    out = zeros(m.tree.nv, m.tree.nv)
    for i in range(len(m.bodies) - 1, -1, -1):
        body = m.bodies[i]
        screw = (Z, zeros(3)) if body.prismatic else (zeros(3), Z)
        rate = _crossed((speed[i], spin[i]), screw)
        pushed, carried = loads[i].turning(screw, rate), loads[i].forces(screw)
        couple = loads[i].couple(screw)
        own, at = m.first + body.dof, i
        while at >= 0:
            other, joint = m.bodies[at], m.joints[at]
            column, share = m.first + other.dof, body.ratio * other.ratio
            axis = (Z, zeros(3)) if other.prismatic else (zeros(3), Z)
            out[column, own] = out[column, own] + share * _power(axis, pushed)
            if at != i:
                turning = _power(_crossed((speed[at], spin[at]), axis), carried)
                out[own, column] = out[own, column] + share * (turning + dot(axis[1], couple))
            pushed, carried = _out(joint, pushed), _out(joint, carried)
            couple, at = joint.out(couple), other.parent
        if m.tree.floating:
            for k, axis in enumerate(_base_axes()):
                turning = _power(_crossed((speed[-1], spin[-1]), axis), carried)
                out[k, own] = out[k, own] + body.ratio * _power(axis, pushed)
                share = turning + dot(axis[1], couple)
                out[own, k] = out[own, k] + body.ratio * share
        if body.parent >= 0 or m.tree.floating:
            loads[body.parent].take(loads[i], m.joints[i])
    if m.tree.floating:
        for k, axis in enumerate(_base_axes()):
            force = loads[-1].turning(axis, _crossed((speed[-1], spin[-1]), axis))
            out[:3, k], out[3:6, k] = force
    return out


def _velocities(m: Mechanism, dq: Array) -> tuple[dict[int, Array], dict[int, Array]]:
    """Give the velocity of every body's origin and its angular one, in the body's own frame."""
    speed: dict[int, Array] = {-1: zeros(3)}
    spin: dict[int, Array] = {-1: zeros(3)}
    if m.tree.floating:
        speed[-1], spin[-1] = dq[:3], dq[3:6]
    for i, body in enumerate(m.bodies):
        joint, up = m.joints[i], body.parent
        along = body.ratio * dq[m.first + body.dof] * Z
        speed[i] = joint.into(speed[up] + cross(spin[up], joint.origin))
        spin[i] = joint.into(spin[up])
        if body.prismatic:
            speed[i] = speed[i] + along
        else:
            spin[i] = spin[i] + along
    return speed, spin


def _base_axes() -> list[Pair]:
    """Give the six twists of a floating base."""
    axes = constant(np.eye(3))
    return [(axis, zeros(3)) for axis in axes] + [(zeros(3), axis) for axis in axes]


def _crossed(twist: Pair, other: Pair) -> Pair:
    """Give the motion cross product of two twists."""
    (u, w), (linear, angular) = twist, other
    return cross(w, linear) + cross(u, angular), cross(w, angular)


def _power(twist: Pair, force: Pair) -> Scalar:
    return dot(twist[0], force[0]) + dot(twist[1], force[1])


def _out(joint: Joint, force: Pair) -> Pair:
    """Give a force and its moment, seen at a body's origin, at its parent's."""
    carried = joint.out(force[0])
    return carried, joint.out(force[1]) + cross(joint.origin, carried)
