"""What kinematics and dynamics cost, ours and Pinocchio's, and how much of the core that uses."""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from robots import catalogue
from robots.generated import Kernel, kernels
from robots.timing import Work, compare

BATCH = 1024
FRAME = "panda_hand"
TURNS = 5
"""Turns a round. They are short, a millisecond or so, and the more: the median then leaves out
those in which something else had the core."""

# Of each case: our kernel, Pinocchio's call for one configuration, and its name.
Call = Callable[[Any, Any, Any], object]


def kernel_cases(rounds: int) -> list[dict[str, Any]]:
    """Configurations a second on one core, and shares of its peak.

    The peer is Pinocchio called for every configuration from Python; without it the peer is None,
    and a line on stderr says how to install it. Ours are the batched forms on arrays that lie in
    blocks, as a loop over many robots keeps them, checks of what comes in included; "(batch, n)"
    is the comfortable call, which allocates its results and turns both ways.
    """
    peer = _Pinocchio.made()
    robot = kernels("panda")
    functions = {
        "FK + Jacobian": (robot.jacobian(FRAME), "jacobian"),
        "rnea": (robot.rnea, "rnea"),
        "crba": (robot.crba, "crba"),
        "aba": (robot.aba, "aba"),
    }
    cases = []
    for title, (kernel, call) in functions.items():
        for dtype in (np.float64, np.float32):
            cases.append(
                compare(
                    f"{title}, batch {BATCH}, {np.dtype(dtype)}",
                    "configurations/s",
                    _blocks(kernel, dtype),
                    peer.work(call) if peer else None,
                    peer.name(call) if peer else None,
                    TURNS * rounds,
                )
            )
    jacobian = functions["FK + Jacobian"][0]
    more: list[tuple[str, Work, str, bool]] = [
        ("FK + Jacobian, one, inside a compiled loop", _loop(jacobian), "jacobian", False),
        (f"FK + Jacobian, ({BATCH}, 7) arrays", _arrays(jacobian), "jacobian", False),
        ("rnea, against a compiled loop", _blocks(robot.rnea, np.float64), "rnea", True),
        ("aba, against a compiled loop", _blocks(robot.aba, np.float64), "aba", True),
    ]
    for title, ours, call, parallel in more:
        work, name = None, None
        if peer:
            work = peer.parallel(call) if parallel else peer.work(call)
            name = f"Pinocchio's {call}InParallel, one thread" if parallel else peer.name(call)
        cases.append(compare(title, "configurations/s", ours, work, name, TURNS * rounds))
    walker = kernels("a1")
    for kernel in (walker.rnea, walker.aba):
        title = f"{kernel.label}, floating, batch {BATCH}, float64"
        cases.append(
            compare(title, "configurations/s", _blocks(kernel, np.float64), rounds=TURNS * rounds)
        )
    return cases + _roofline(functions, cases)


def _roofline(
    functions: dict[str, tuple[Kernel, str]], cases: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give the core's peak, and of each function the operations and the share of peak reached."""
    found = []
    rates = {case["case"]: case["ours"] for case in cases}
    for dtype in (np.float64, np.float32):
        name, best = str(np.dtype(dtype)), peak(dtype)
        found.append(_figure(f"peak of this core, {name}", best / 1e9, "Gflop/s"))
        for title, (kernel, _) in functions.items():
            count = operations(kernel, dtype)
            share = 100.0 * count * rates[f"{title}, batch {BATCH}, {name}"] / best
            found.append(_figure(f"{title}, {count} flop, {name}", share, "% of peak"))
    return found


def operations(kernel: Kernel, dtype: Any) -> int:
    """Count the sums, products and quotients of one state, those inside sines included."""
    from robots.generated.sincos import flops

    counts = kernel.operations
    plain = sum(counts.get(kind, 0) for kind in ("add", "sub", "mul", "div"))
    return plain + counts["sin"] * flops(np.dtype(dtype) == np.float64)


def peak(dtype: Any) -> float:
    """Measure the most operations a second of this core: independent multiply-adds, no memory."""
    from robots.generated.cache import key, store, stored

    chains, steps = 12, 64
    name = f"peak_{key(chains, steps)}"
    module = stored(name) or store(name, _peak_source(chains, steps))
    blocks = 500
    x = np.zeros((1, chains, 16), dtype)
    module.batched(x, 0, 1)
    best = np.inf
    for _ in range(20):
        begun = time.perf_counter()
        module.batched(x, 0, blocks)
        best = min(best, time.perf_counter() - begun)
    return 2 * chains * steps * 16 * blocks / best


def _peak_source(chains: int, steps: int) -> str:
    lines = [f"a{i} = x[{i}]" for i in range(chains)]
    lines += [f"a{i} = a{i} * 0.75 + 0.25" for _ in range(steps) for i in range(chains)]
    lines += [f"x[{i}] = a{i}" for i in range(chains)]
    body = "\n".join(f"    {line}" for line in lines)
    return f'''"""Multiply-adds and nothing else, to measure a core."""

from robots.generated.compile import batch, lanes


def function(x):
{body}


block = lanes(function, {{"x": ({chains},)}})


@batch
def batched(x, first, last):
    for k in range(first, last):
        block((x,), 0)
'''


def _figure(case: str, value: float, unit: str) -> dict[str, Any]:
    return {
        "case": case,
        "ours": value,
        "peer": None,
        "peer_name": None,
        "unit": unit,
        "ratio": None,
    }


def _states(kernel: Kernel, dtype: Any) -> dict[str, np.ndarray]:
    """Give random inputs (batch, n)."""
    rng = np.random.default_rng(0)
    return {
        name: rng.uniform(-1.0, 1.0, (BATCH, *shape)).astype(dtype)
        for name, shape in kernel.inputs.items()
    }


def _blocks(kernel: Kernel, dtype: Any) -> Work:
    from robots.generated.blocks import pack

    room = kernel.empty(BATCH, dtype)
    for name, values in _states(kernel, dtype).items():
        pack(values, room[name])
    arrays = tuple(room.values())
    kernel.blocks(*arrays)

    def work() -> float:
        for _ in range(50):
            kernel.blocks(*arrays)
        return 50.0 * BATCH

    return work


def _arrays(kernel: Kernel) -> Work:
    inputs = tuple(_states(kernel, np.float64).values())
    kernel(*inputs)

    def work() -> float:
        for _ in range(10):
            kernel(*inputs)
        return 10.0 * BATCH

    return work


def _loop(kernel: Kernel) -> Work:
    import numba

    single = kernel.single
    q = _states(kernel, np.float64)["q"]
    position, rotation, jacobian = (np.empty(shape) for shape in kernel.outputs.values())

    @numba.njit
    def loop(q, position, rotation, jacobian):  # type: ignore[no-untyped-def]
        for i in range(len(q)):
            single(q[i], position, rotation, jacobian)

    loop(q, position, rotation, jacobian)

    def work() -> float:
        for _ in range(5):
            loop(q, position, rotation, jacobian)
        return 5.0 * BATCH

    return work


class _Pinocchio:
    """The Panda in Pinocchio, its fingers locked, gone over one configuration at a time.

    For a frame's Jacobian it is `computeFrameJacobian`, the cheapest call that gives one: all of
    the kinematics and the Jacobian in one crossing from Python, without the frame's placement.
    """

    NAMES = {"jacobian": "computeFrameJacobian", "rnea": "rnea", "crba": "crba", "aba": "aba"}

    @classmethod
    def made(cls) -> "_Pinocchio | None":
        try:
            import pinocchio
        except ImportError as error:
            print(f"no peer: {error}; pip install 'millhand[bench]'", file=sys.stderr)
            return None
        return cls(pinocchio)

    def __init__(self, pin: Any) -> None:
        whole = pin.buildModelFromUrdf(str(catalogue.load("panda").urdf))
        fingers = [i for i, name in enumerate(whole.names) if "finger" in name]
        self.pin = pin
        self.model = pin.buildReducedModel(whole, fingers, pin.neutral(whole))
        rng = np.random.default_rng(0)
        self.states = [rng.uniform(-1.0, 1.0, (3, self.model.nv)) for _ in range(BATCH)]

    def name(self, call: str) -> str:
        return f"Pinocchio {self.pin.__version__} {self.NAMES[call]} from Python"

    def work(self, call: str) -> Work:
        pin, model, data = self.pin, self.model, self.model.createData()
        frame = model.getFrameId(FRAME)
        aligned = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        calls: dict[str, Call] = {
            "jacobian": lambda q, _, __: pin.computeFrameJacobian(model, data, q, frame, aligned),
            "rnea": lambda q, v, a: pin.rnea(model, data, q, v, a),
            "crba": lambda q, _, __: pin.crba(model, data, q),
            "aba": lambda q, v, tau: pin.aba(model, data, q, v, tau),
        }
        one = calls[call]
        rows = [tuple(state) for state in self.states]

        def work() -> float:
            for q, v, a in rows:
                one(q, v, a)
            return float(BATCH)

        return work

    def parallel(self, call: str) -> Work | None:
        """Give the batch in Pinocchio's own compiled loop, where it was built with one."""
        pin = self.pin
        if not hasattr(pin, f"{call}InParallel"):
            return None
        function, pool = getattr(pin, f"{call}InParallel"), pin.ModelPool(self.model, 1)
        q, v, a = (np.asfortranarray(np.array(self.states)[:, i].T) for i in range(3))
        out = np.asfortranarray(np.zeros((self.model.nv, BATCH)))

        def work() -> float:
            function(1, pool, q, v, a, out)
            return float(BATCH)

        return work
