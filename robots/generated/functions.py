"""What is generated: each function's inputs and outputs for a tree, and its graph."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from robots.errors import check_name
from robots.generated import dynamics
from robots.generated.bodies import bodies_of
from robots.generated.coriolis import coriolis_matrix
from robots.generated.graph import Graph, Scalar, needed
from robots.generated.kinematics import World, points
from robots.generated.spatial import Array, zeros
from robots.tree import Tree

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Signature:
    """A function's name and the shapes of its inputs and outputs, in order."""

    name: str
    inputs: Shapes
    outputs: Shapes


@dataclass(frozen=True, eq=False)
class Task:
    """What a graph is made from: the tree, and of some functions a frame, or capsules.

    Capsules are given by their ends' bodies `on` (2 m,) and `place` (2 m, 3), `radius` (m,) and
    `pairs` (k, 2).
    """

    tree: Tree
    frame: str | None = None
    on: np.ndarray | None = None
    place: np.ndarray | None = None
    radius: np.ndarray | None = None
    pairs: np.ndarray | None = None

    def parts(self) -> tuple[object, ...]:
        """Give all but the tree, for a digest."""
        frame = () if self.frame is None else self.tree.frame(self.frame)
        return (*frame, self.on, self.place, self.radius, self.pairs)


def signature(task: Task, name: str) -> Signature:
    """Give what a function takes and gives for a tree."""
    check_name("function", name, MAKERS)
    tree = task.tree
    v = (tree.nv,)
    q: Shapes = {"q": (tree.nq,)}
    pose: Shapes = {"position": (3,), "rotation": (3, 3)}
    inputs: dict[str, Shapes] = {
        "jacobian_dot": q | {"dq": v},
        "rnea": q | {"dq": v, "ddq": v},
        "aba": q | {"dq": v, "tau": v},
        "bias": q | {"dq": v},
        "coriolis": q | {"dq": v},
        "coriolis_matrix": q | {"dq": v},
    }
    ends = 0 if task.on is None else len(task.on)
    outputs: dict[str, Shapes] = {
        "forward": pose,
        "jacobian": pose | {"jacobian": (6, tree.nv)},
        "jacobian_dot": {"jacobian_dot": (6, tree.nv)},
        "crba": {"mass": (tree.nv, tree.nv)},
        "aba": {"ddq": v},
        "coriolis_matrix": {"coriolis": (tree.nv, tree.nv)},
        "com": {"com": (3,), "jacobian": (3, tree.nv)},
        "distance": {"distance": (1,), "pair": (1,), "points": (ends, 3)},
    }
    return Signature(name, inputs.get(name, q), outputs.get(name, {"tau": v}))


def graph_of(task: Task, spec: Signature) -> dict[str, list[Scalar]]:
    """Give a function's outputs, flat, as expressions of its inputs; of distances the points."""
    graph = Graph()
    inputs = {
        key: np.array([graph.variable(f"{key}[{i}]") for i in range(shape[0])], object)
        for key, shape in spec.inputs.items()
    }
    made = MAKERS[spec.name](graph, task, inputs)
    names = list(spec.outputs)[-len(made) :]
    return {key: list(np.ravel(value)) for key, value in zip(names, made, strict=True)}


def operations(outputs: dict[str, list[Scalar]]) -> dict[str, int]:
    """Count the operations of a graph by kind: add, sub, mul, div, neg, sin (with its cos)."""
    counts: dict[str, int] = {}
    for node in needed(value for values in outputs.values() for value in values):
        counts[node.op] = counts.get(node.op, 0) + 1
    return counts


Inputs = dict[str, Array]
Made = tuple[Array, ...]


def _world(graph: Graph, task: Task, x: Inputs) -> World:
    return World(graph, task.tree, bodies_of(task.tree)[0], x["q"])


def _mechanism(graph: Graph, task: Task, x: Inputs) -> dynamics.Mechanism:
    return dynamics.Mechanism.at(graph, task.tree, *bodies_of(task.tree), x["q"])


def _frame(task: Task) -> str:
    assert task.frame is not None
    return task.frame


def _forward(graph: Graph, task: Task, x: Inputs) -> Made:
    return _world(graph, task, x).frame(_frame(task))[1:]


def _jacobian(graph: Graph, task: Task, x: Inputs) -> Made:
    world = _world(graph, task, x)
    body, position, rotation = world.frame(_frame(task))
    return position, rotation, world.jacobian(body, position)


def _jacobian_dot(graph: Graph, task: Task, x: Inputs) -> Made:
    world = _world(graph, task, x)
    body, position, _ = world.frame(_frame(task))
    return (world.jacobian_dot(body, position, x["dq"]),)


def _rnea(graph: Graph, task: Task, x: Inputs) -> Made:
    return (dynamics.rnea(_mechanism(graph, task, x), x["dq"], x["ddq"]),)


def _bias(graph: Graph, task: Task, x: Inputs) -> Made:
    return (dynamics.rnea(_mechanism(graph, task, x), x["dq"], zeros(task.tree.nv)),)


def _coriolis(graph: Graph, task: Task, x: Inputs) -> Made:
    return (dynamics.rnea(_mechanism(graph, task, x), x["dq"], zeros(task.tree.nv), 0.0),)


def _coriolis_matrix(graph: Graph, task: Task, x: Inputs) -> Made:
    return (coriolis_matrix(_mechanism(graph, task, x), x["dq"]),)


def _gravity(graph: Graph, task: Task, x: Inputs) -> Made:
    still = zeros(task.tree.nv)
    return (dynamics.rnea(_mechanism(graph, task, x), still, still),)


def _crba(graph: Graph, task: Task, x: Inputs) -> Made:
    return (dynamics.crba(_mechanism(graph, task, x)),)


def _aba(graph: Graph, task: Task, x: Inputs) -> Made:
    return (dynamics.forward_dynamics(_mechanism(graph, task, x), x["dq"], x["tau"]),)


def _com(graph: Graph, task: Task, x: Inputs) -> Made:
    return _world(graph, task, x).com(bodies_of(task.tree)[1])


def _points(graph: Graph, task: Task, x: Inputs) -> Made:
    assert task.on is not None and task.place is not None
    return (np.array(points(_world(graph, task, x), task.on, task.place), object),)


MAKERS: dict[str, Callable[[Graph, Task, Inputs], Made]] = {
    "forward": _forward,
    "jacobian": _jacobian,
    "jacobian_dot": _jacobian_dot,
    "rnea": _rnea,
    "crba": _crba,
    "aba": _aba,
    "gravity": _gravity,
    "bias": _bias,
    "coriolis": _coriolis,
    "coriolis_matrix": _coriolis_matrix,
    "com": _com,
    "distance": _points,
}
