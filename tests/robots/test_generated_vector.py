"""The expression graph, and the compiler of blocks."""

import numba
import numpy as np
import pytest

from robots.generated.graph import Graph, needed
from robots.generated.source import statements
from robots.generated.vector import lanes, register_bytes
from robots.maths import sincos


def waves(x, y):
    s, c = sincos(x[0])
    y[0] = s
    y[1] = c


block = lanes(waves, {"x": (1,), "y": (2,)})


@numba.njit
def all_waves(x, y):
    for k in range(len(x)):
        block((x, y), k)


@pytest.mark.parametrize(
    ("dtype", "reach", "within"), [(np.float64, 1e6, 4.5e-16), (np.float32, 1e4, 1.2e-7)]
)
def test_sine_and_cosine_of_blocks(dtype, reach, within):
    rng = np.random.default_rng(0)
    some = [rng.uniform(-size, size, 16000) for size in (1e-3, 1.0, 4.0, 100.0, reach)]
    quarters = np.arange(-8000, 8000) * (np.pi / 2)
    x = np.concatenate([*some, quarters, np.zeros(16)]).astype(dtype).reshape(-1, 1, 16)
    y = np.empty((len(x), 2, 16), dtype)
    all_waves(x, y)
    exact = x[:, 0].astype(np.longdouble)
    assert np.abs(y[:, 0] - np.sin(exact)).max() <= within
    assert np.abs(y[:, 1] - np.cos(exact)).max() <= within


def test_what_is_not_finite_gives_nan():
    x = np.array([np.nan, np.inf, -np.inf, 1.0] * 4).reshape(1, 1, 16)
    y = np.empty((1, 2, 16))
    all_waves(x, y)
    assert (np.isnan(y) == ~np.isfinite(x)).all()


def test_every_operation_works_on_a_whole_register():
    all_waves(np.zeros((1, 1, 16)), np.zeros((1, 2, 16)))
    assembly = next(iter(all_waves.inspect_asm().values()))
    name = {64: "zmm", 32: "ymm", 16: "xmm"}[register_bytes()]
    if "mulpd" in assembly:  # x86
        assert assembly.count(name) > 30
    assert "mulsd" not in assembly and "addsd" not in assembly


def test_constants_fold_and_zeros_go():
    graph = Graph()
    x, y = graph.variable("x[0]"), graph.variable("x[1]")
    assert x * 0.0 == 0.0 and 0.0 + x is x and x * 1.0 is x and x - 0.0 is x
    assert x - x == 0.0 and -1.0 * -x is x and x + (-y) is x - y
    assert x * y is y * x and x + y is y + x
    assert 2.0 * x * 3.0 is x * 6.0
    # Signs wander outwards: one product serves both.
    assert (-x) * y is -(x * y) and x * -2.0 is -(x * 2.0)
    assert (y - x).op == "neg" and (y - x).args[0] is x - y
    assert 0.0 - x is -x


def test_only_what_is_needed_is_written_and_once():
    graph = Graph()
    x, y = graph.variable("x[0]"), graph.variable("x[1]")
    unused = x / y
    shared = x * y
    outputs = {"out": [shared + 1.0, shared - x, 0.0]}
    lines = statements(outputs, {"out": (3,)})
    assert sum("x_0 * x_1" in line for line in lines) == 1
    assert lines[-1] == "out[2] = 0.0" and not any("/" in line for line in lines)
    assert unused not in needed(outputs["out"])


def test_what_is_written_computes_what_the_graph_says():
    graph = Graph()
    x = [graph.variable(f"x[{i}]") for i in range(3)]
    s, c = graph.sincos(x[0] * 2.0 + 0.5)
    outputs = {"out": [s * x[1] - c / x[2], -(x[1] - x[2]), s * s + c * c]}
    names = {"sincos": lambda angle: (np.sin(angle), np.cos(angle))}
    body = "\n".join(f" {line}" for line in statements(outputs, {"out": (3,)}))
    exec(f"def f(x, out):\n{body}", names)
    out = np.empty(3)
    names["f"](np.array([0.3, 1.1, -0.7]), out)
    s, c = np.sin(1.1), np.cos(1.1)
    assert np.allclose(out, [s * 1.1 + c / 0.7, -1.8, 1.0], atol=1e-15)
