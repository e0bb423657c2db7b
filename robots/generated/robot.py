"""The kernels of a robot, by name or from its tree."""

from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from robots.errors import RobotError
from robots.generated import cache
from robots.generated.functions import Task, graph_of, operations, signature
from robots.generated.kernel import Kernel
from robots.generated.source import module
from robots.tree import Tree

if TYPE_CHECKING:
    from robots.capsules import Capsules

__all__ = ["Kernels", "kernels"]


class Kernels:
    """Kinematics and dynamics specialised for one tree: constants folded, zero terms gone.

    Each member is a `Kernel`, generated and compiled when it is first used and kept on disk.
    States are the tree's, q (nq,) and dq, ddq, tau (nv,); see `robots.tree.Tree`. Poses and
    Jacobians are in the base's frame, in the world's where the base floats. Gravity is 9.81
    along -z.
    """

    def __init__(self, tree: Tree, name: str | None = None) -> None:
        self.tree, self.name = tree, name or tree.name
        self._made: dict[tuple[str, str | None], Kernel] = {}

    def forward(self, frame: str) -> Kernel:
        """Forward kinematics of a link's frame: q -> position (3,), rotation (3, 3)."""
        return self._of_frame("forward", frame)

    def jacobian(self, frame: str) -> Kernel:
        """A link's pose and geometric Jacobian: q -> position, rotation, jacobian (6, nv).

        Rows are linear, then angular, at the frame's origin.
        """
        return self._of_frame("jacobian", frame)

    def jacobian_dot(self, frame: str) -> Kernel:
        """The Jacobian's time derivative: q, dq -> jacobian_dot (6, nv)."""
        return self._of_frame("jacobian_dot", frame)

    @property
    def rnea(self) -> Kernel:
        """Inverse dynamics: q, dq, ddq -> tau (nv,)."""
        return self._kernel("rnea")

    @property
    def crba(self) -> Kernel:
        """The mass matrix: q -> mass (nv, nv)."""
        return self._kernel("crba")

    @property
    def aba(self) -> Kernel:
        """Forward dynamics: q, dq, tau -> ddq (nv,).

        By factoring the mass matrix along the tree, which for trees like ours takes fewer
        operations than articulated bodies do; the name is the field's for what it computes.
        """
        return self._kernel("aba")

    @property
    def gravity(self) -> Kernel:
        """The forces that hold the robot still: q -> tau (nv,)."""
        return self._kernel("gravity")

    @property
    def bias(self) -> Kernel:
        """The forces at zero acceleration, C(q, dq) dq + g(q): q, dq -> tau (nv,)."""
        return self._kernel("bias")

    @property
    def coriolis(self) -> Kernel:
        """Coriolis and centrifugal forces without gravity, C(q, dq) dq: q, dq -> tau (nv,)."""
        return self._kernel("coriolis")

    @property
    def coriolis_matrix(self) -> Kernel:
        """The matrix C with C dq = `coriolis`: q, dq -> coriolis (nv, nv).

        Christoffel's: the mass matrix changes by C + C', so that dM/dt - 2 C is skew-symmetric.
        """
        return self._kernel("coriolis_matrix")

    @property
    def com(self) -> Kernel:
        """The centre of mass and its Jacobian: q -> com (3,), jacobian (3, nv).

        Of all that moves: the mass of a fixed base is left out.
        """
        return self._kernel("com")

    def distance(self, capsules: "Capsules | None" = None) -> Kernel:
        """The least distance between pairs of capsules, m: q -> distance (1,), pair (1,), points.

        Capsules are those fitted to the robot, `robots.capsules.of(name)`, if None. `pair` is the
        number of the nearest pair, kept as a float; `points` (2 m, 3) are the ends of the m
        capsules where q puts them. Below zero they overlap: the distance is that of the middle
        lines less both radii. Raises RobotError for capsules that do not fit the tree, and where
        none are given for a robot that is not of the catalogue.
        """
        if capsules is None:
            if ("distance", None) not in self._made:
                self._made["distance", None] = self.distance(self._own_capsules())
            return self._made["distance", None]
        capsules.check(self.tree)
        radius = np.asarray(capsules.radius, float)
        pairs = np.asarray(capsules.pairs, np.int64)
        on = np.repeat(capsules.body, 2)
        return self._new("distance", Task(self.tree, None, on, capsules.ends(), radius, pairs))

    def _own_capsules(self) -> "Capsules":
        from robots import capsules, catalogue

        if self.name not in catalogue.every():
            raise RobotError(f"no capsules are fitted to {self.name}; give distance() some")
        return capsules.of(self.name, self.tree)

    def _of_frame(self, function: str, frame: str) -> Kernel:
        self.tree.frame(frame)
        return self._kernel(function, frame)

    def _kernel(self, function: str, frame: str | None = None) -> Kernel:
        """Give a kernel, made once."""
        if (function, frame) not in self._made:
            self._made[function, frame] = self._new(function, Task(self.tree, frame))
        return self._made[function, frame]

    def _new(self, function: str, task: Task) -> Kernel:
        digest = cache.key(function, *task.parts(), *cache.tree_parts(self.tree))
        safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in self.name)
        file, spec = f"{function}_{safe}_{digest}", signature(task, function)

        def load() -> ModuleType:
            found = cache.stored(file)
            return found or cache.store(file, module(self.name, spec, task))

        def count() -> dict[str, int]:
            return operations(graph_of(task, spec))

        return Kernel(self.name, spec, load, count)


@lru_cache
def _of_catalogue(name: str) -> Kernels:
    from robots import catalogue

    return Kernels(catalogue.tree(name), name)


def kernels(robot: str | Tree) -> Kernels:
    """Give the kernels of a robot of the catalogue by name, or of a tree.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    return _of_catalogue(robot) if isinstance(robot, str) else Kernels(robot)
