"""A tree made ready for the generator: every joint along z, inertias regrouped.

Neither changes the motion. With z for an axis a joint's rotation mixes two coordinates only. And
what a link's inertia shares with a rod along its own joint's axis does not notice the joint turn,
so it may as well belong to the parent (Khalil and Kleinfinger 1987, "Minimum operations and
minimum parameters of the dynamic models of tree structure robots"): mass, first moment along
the axis and one principal inertia of nearly every link become zero, and their terms vanish.
"""

from dataclasses import dataclass, replace

import numpy as np

from robots.tree import Tree

SNAP = 1e-14
"""Entries of a rotation this near 0, 1 or -1 are meant to be it: a right angle has no digits."""


@dataclass(frozen=True)
class Inertia:
    """Mass, first moment (3,) and inertia about the frame's origin (3, 3)."""

    mass: float
    moment: np.ndarray
    about: np.ndarray

    @classmethod
    def of(cls, mass: float, com: np.ndarray, about_com: np.ndarray) -> "Inertia":
        """Give a body's inertia from that about its centre of mass."""
        arm = com @ com * np.eye(3) - np.outer(com, com)
        return cls(float(mass), mass * com, about_com + mass * arm)

    def seen(self, position: np.ndarray, rotation: np.ndarray) -> "Inertia":
        """Give the same in a frame that sees this one at position (3,) and rotation (3, 3)."""
        moment = rotation @ self.moment
        cross = np.outer(position, moment)
        shift = 2.0 * (position @ moment) * np.eye(3) - cross - cross.T
        shift += self.mass * (position @ position * np.eye(3) - np.outer(position, position))
        about = rotation @ self.about @ rotation.T + shift
        about = np.triu(about) + np.triu(about, 1).T
        return Inertia(self.mass, moment + self.mass * position, about)

    def plus(self, other: "Inertia") -> "Inertia":
        """Give the sum of two in one frame."""
        return Inertia(self.mass + other.mass, self.moment + other.moment, self.about + other.about)


@dataclass(frozen=True)
class Body:
    """One moving body; its joint turns about, or slides along, its own z by ratio q[dof] + offset.

    `position` (3,) and `rotation` (3, 3) place it at zero in its parent's frame; `turn` (3, 3)
    takes its coordinates to those of the tree's body.
    """

    parent: int
    prismatic: bool
    position: np.ndarray
    rotation: np.ndarray
    turn: np.ndarray
    dof: int
    ratio: float
    offset: float
    inertia: Inertia


NOTHING = Inertia(0.0, np.zeros(3), np.zeros((3, 3)))


def bodies_of(tree: Tree) -> tuple[list[Body], Inertia]:
    """Give a tree's bodies, and what of their inertia belongs to the base.

    Where the base floats that is its own inertia as well.
    """
    turns = [_along_z(axis) for axis in tree.axis]
    bodies = []
    for i, turn in enumerate(turns):
        parent = int(tree.parent[i])
        up = np.eye(3) if parent < 0 else turns[parent]
        inertia = Inertia.of(tree.mass[i], tree.com[i], tree.inertia[i])
        bodies.append(
            Body(
                parent,
                bool(tree.prismatic[i]),
                up.T @ tree.position[i],
                snapped(up.T @ tree.rotation[i] @ turn),
                turn,
                int(tree.dof[i]),
                float(tree.ratio[i]),
                float(tree.offset[i]),
                inertia.seen(np.zeros(3), turn.T),
            )
        )
    base = NOTHING
    if tree.floating:
        base = Inertia.of(tree.base_mass, tree.base_com, tree.base_inertia)
    for i in range(len(bodies) - 1, -1, -1):
        body = bodies[i]
        kept, given = _regrouped(body)
        bodies[i] = replace(body, inertia=kept)
        given = given.seen(body.position, body.rotation)
        if body.parent < 0:
            base = base.plus(given)
        else:
            carrier = bodies[body.parent]
            bodies[body.parent] = replace(carrier, inertia=carrier.inertia.plus(given))
    return bodies, base


def snapped(rotation: np.ndarray) -> np.ndarray:
    """Give a rotation with entries that are nearly 0, 1 or -1 made so."""
    whole = np.round(rotation)
    return np.where(np.abs(rotation - whole) < SNAP, whole, rotation)


def _regrouped(body: Body) -> tuple[Inertia, Inertia]:
    """Split a body's inertia into what stays and what its parent may carry, seen at zero."""
    own = body.inertia
    if body.prismatic:
        # Sliding does not turn it: all of its rotational inertia may go, its mass may not.
        return replace(own, about=np.zeros((3, 3))), replace(NOTHING, about=own.about)
    about = own.about.copy()
    about[0, 0] -= own.about[1, 1]
    about[1, 1] = 0.0
    rod = np.diag([own.about[1, 1], own.about[1, 1], 0.0])
    along = np.array([0.0, 0.0, own.moment[2]])
    return Inertia(0.0, own.moment - along, about), Inertia(own.mass, along, rod)


def _along_z(axis: np.ndarray) -> np.ndarray:
    """Give a rotation that takes z to a unit axis, of zeros and ones where there is one."""
    z = snapped(axis)
    k = int(np.argmax(np.abs(z)))
    x = np.zeros(3)
    x[(k + 1) % 3] = 1.0
    x -= (x @ z) * z
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)
