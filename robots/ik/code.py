"""Straight-line code for 16 lanes at once, written for one arm: what LLVM vectorises.

Everything lies in one flat array `w`: row r of lane l is `w[16 * r + l]`, so that the compiler
sees every distance between two places and needs no check that arrays overlap. Constants of the
arm are folded in, and terms that are zero are gone.
"""

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from robots.ik.lanes import Search
from robots.ik.writer import Rows, Value, Writer
from robots.kernel import SOURCES
from robots.model import Chain

SNAP = 1e-10
SETTINGS = (
    "weight_linear",
    "weight_angular",
    "damping",
    "floor",
    "reach",
    "near_linear",
    "near_angular",
)


def _onto_z(axis: np.ndarray) -> np.ndarray:
    """Give a rotation (3, 3) that takes z to a unit axis; a signed permutation where it can be."""
    k = int(np.argmax(np.abs(axis)))
    x = np.eye(3)[(k + 1) % 3]
    x = x - (x @ axis) * axis
    x /= np.linalg.norm(x)
    return np.column_stack([x, np.cross(axis, x), axis])


def _snap(matrix: np.ndarray) -> np.ndarray:
    """Round what is within SNAP of -1, 0 or 1: a right angle written with a dozen digits."""
    near = np.round(matrix)
    return np.where((np.abs(matrix - near) < SNAP) & (np.abs(near) <= 1), near, matrix)


def _sincos(out: Writer, angle: str) -> tuple[Value, Value]:
    """Write sine and cosine without a branch, for |angle| < 1e5 rad (fdlibm's polynomials)."""
    turns = out.name(f"{angle} * 0.6366197723675814 + 6755399441055744.0")
    k = out.name(f"{turns} - 6755399441055744.0")
    r = out.name(f"({angle} - {k} * 1.5707963267341256) - {k} * 6.077100506506192e-11")
    z = out.name(f"{r} * {r}")
    s = out.name(
        f"{r} + {r} * {z} * (-1.66666666666666324348e-01 + {z} * (8.33333333332248946124e-03"
        f" + {z} * (-1.98412698298579493134e-04 + {z} * (2.75573137070700676789e-06"
        f" + {z} * (-2.50507602534068634195e-08 + {z} * 1.58969099521155010221e-10)))))"
    )
    c = out.name(
        f"1.0 - 0.5 * {z} + {z} * {z} * (4.16666666666666019037e-02"
        f" + {z} * (-1.38888888888741095749e-03 + {z} * (2.48015872894767294178e-05"
        f" + {z} * (-2.75573143513906633035e-07 + {z} * (2.08757232129817482790e-09"
        f" + {z} * -1.13596475577881948265e-11)))))"
    )
    # The low digits of `turns` are the quadrant: odd swaps the two, bit 1 turns the signs.
    bits = out.name(f"bits_of({turns})")
    odd = out.name(f"({bits} & ONE) != ZERO")
    sine = out.name(f"{c} if {odd} else {s}")
    cosine = out.name(f"{s} if {odd} else {c}")
    return (
        out.name(f"-{sine} if ({bits} & TWO) != ZERO else {sine}"),
        out.name(f"-{cosine} if (({bits} + ONE) & TWO) != ZERO else {cosine}"),
    )


def jacobian(chain: Chain) -> str:
    """Write `jacobian(w)`: rows of q to the tool's pose and Jacobian, base frame."""
    n, out = len(chain.joints), Writer()
    rows = Rows(n)
    p: list[Value] = [0.0, 0.0, 0.0]
    r: list[list[Value]] = [[float(i == j) for j in range(3)] for i in range(3)]
    origins, axes = [], []
    turned = np.eye(3)

    def place(position: np.ndarray, rotation: np.ndarray) -> None:
        nonlocal p, r
        position, rotation = turned.T @ position, _snap(turned.T @ rotation)
        position = np.where(np.abs(position) < 1e-12, 0.0, position)
        p = [
            out.sum((p[i], 1.0), *((r[i][j], float(position[j])) for j in range(3)))
            for i in range(3)
        ]
        r = [
            [out.sum(*((r[i][k], float(rotation[k, j])) for k in range(3))) for j in range(3)]
            for i in range(3)
        ]

    for i in range(n):
        # Turned so that each joint moves about or along its own z.
        onto = _onto_z(chain.axis[i])
        place(chain.position[i], chain.rotation[i] @ onto)
        turned = onto
        q = out.load(i)
        if chain.prismatic[i]:
            p = [out.sum((p[k], 1.0), (r[k][2], q)) for k in range(3)]
        else:
            s, c = _sincos(out, q)
            x, y = [row[0] for row in r], [row[1] for row in r]
            for k in range(3):
                r[k][0] = out.sum((x[k], c), (y[k], s))
                r[k][1] = out.sum((y[k], c), (-1.0, x[k], s))
        origins.append(p)
        axes.append([row[2] for row in r])
    place(chain.tool_position, chain.tool_rotation)
    for k in range(3):
        out.store(rows.pose + k, p[k])
        for j in range(3):
            out.store(rows.pose + 3 + 3 * k + j, r[k][j])
    for i in range(n):
        z = axes[i]
        d = [out.sum((p[k], 1.0), (-1.0, origins[i][k])) for k in range(3)]
        for k in range(3):
            a, b = (k + 1) % 3, (k + 2) % 3
            lever = out.sum((z[a], d[b]), (-1.0, z[b], d[a]))
            out.store(rows.jacobian + k * n + i, z[k] if chain.prismatic[i] else lever)
            spin = 0.0 if chain.prismatic[i] else z[k]
            out.store(rows.jacobian + (3 + k) * n + i, spin)
    return out.function("jacobian", "w")


def _errors(out: Writer, rows: Rows) -> tuple[list[str], str, str]:
    """Write the weighted error (6,) and the squares of the two errors as they are.

    The turn between two rotations as 2 sin(angle / 2) times its axis: a square root instead of an
    arc tangent, the same near zero, and it grows all the way to half a turn.
    """
    want = [out.load(rows.goal + k) for k in range(12)]
    have = [out.load(rows.pose + k) for k in range(12)]
    move = [out.name(f"{want[k]} - {have[k]}") for k in range(3)]
    columns = [[m[3 + 3 * i + j] for i in range(3)] for m in (have, want) for j in range(3)]
    pairs = list(zip(columns[:3], columns[3:], strict=True))
    twist = []
    for k in range(3):
        a, b = (k + 1) % 3, (k + 2) % 3
        terms = [term for h, g in pairs for term in ((h[a], g[b]), (-1.0, h[b], g[a]))]
        twist.append(str(out.sum(*terms)))
    trace = out.sum(*((h[i], g[i]) for h, g in pairs for i in range(3)))
    room = out.name(f"1.0 + {trace}")
    scale = out.name(f"1.0 / sqrt({room} if {room} > 1e-12 else 1e-12)")
    turn = [out.name(f"{t} * {scale}") for t in twist]
    linear = out.sum(*((m, m) for m in move))
    # At half a turn the axis is lost; the trace still says how far it is.
    angular = out.name(f"{out.sum(*((t, t) for t in turn))} if {trace} > -0.5 else 3.0 - {trace}")
    error = [out.name(f"{m} * weight_linear") for m in move]
    error += [out.name(f"{t} * weight_angular") for t in turn]
    return error, str(linear), angular


def _solve(out: Writer, a: list[list[Value]], b: Sequence[Value]) -> list[Value]:
    """Write the solution of a x = b by L D L^T; `a` symmetric, its lower half read."""
    m = len(b)
    lower: list[list[Value]] = [[0.0] * m for _ in range(m)]
    scaled: list[list[Value]] = [[0.0] * m for _ in range(m)]
    inverse = []
    for j in range(m):
        pivot = out.sum((a[j][j], 1.0), *((-1.0, scaled[j][k], lower[j][k]) for k in range(j)))
        inverse.append(out.name(f"1.0 / {pivot}"))
        for i in range(j + 1, m):
            terms = ((-1.0, scaled[i][k], lower[j][k]) for k in range(j))
            scaled[i][j] = out.sum((a[i][j], 1.0), *terms)
            lower[i][j] = out.sum((scaled[i][j], inverse[j]))
    x: list[Value] = list(b)
    for i in range(m):
        x[i] = out.sum((x[i], 1.0), *((-1.0, lower[i][k], x[k]) for k in range(i)))
    x = [out.sum((x[i], inverse[i])) for i in range(m)]
    for i in reversed(range(m)):
        x[i] = out.sum((x[i], 1.0), *((-1.0, lower[k][i], x[k]) for k in range(i + 1, m)))
    return x


def step(n: int) -> str:
    """Write `step(w, lower, upper, settings)`: one damped step of every lane within limits.

    dq = J^T (J J^T + d I)^-1 e, or the same as (J^T J + d I)^-1 J^T e where n < 6, with the
    damping d in step with the squared error (Sugihara 2011). A joint at a limit that the
    gradient pushes on is left out (projected Newton, Bertsekas 1982). `settings`: weights of
    metres and radians, damping, its floor, the longest step, squared tolerances (m^2, rad^2).
    A lane within both stands still. See `Rows` for `w`.
    """
    out, rows = Writer(), Rows(n)
    q = [out.load(i) for i in range(n)]
    error, linear, angular = _errors(out, rows)
    square = out.sum(*((e, e) for e in error))
    damping = out.name(f"damping * {square} + floor")
    jac = [[out.load(rows.jacobian + k * n + i) for i in range(n)] for k in range(6)]
    for k in range(6):
        weight = "weight_linear" if k < 3 else "weight_angular"
        jac[k] = [out.name(f"{value} * {weight}") for value in jac[k]]
    gradient = [out.sum(*((jac[k][i], error[k]) for k in range(6))) for i in range(n)]
    for i in range(n):
        free = out.name(
            f"0.0 if ({q[i]} <= lower{i} and {gradient[i]} < 0.0)"
            f" or ({q[i]} >= upper{i} and {gradient[i]} > 0.0) else 1.0"
        )
        gradient[i] = out.name(f"{gradient[i]} * {free}")
        for k in range(6):
            jac[k][i] = out.name(f"{jac[k][i]} * {free}")
    if n <= 6:
        columns = [[jac[k][i] for k in range(6)] for i in range(n)]
        dq = _solve(out, _square(out, columns, damping), gradient)
    else:
        y = _solve(out, _square(out, jac, damping), error)
        dq = [out.sum(*((jac[k][i], y[k]) for k in range(6))) for i in range(n)]
    longest = out.name(f"abs({dq[0]})")
    for value in dq[1:]:
        longest = out.name(f"max({longest}, abs({value}))")
    there = out.name(f"{linear} < near_linear and {angular} < near_angular")
    scale = out.name(f"0.0 if {there} else (reach / {longest} if {longest} > reach else 1.0)")
    for i in range(n):
        moved = out.name(f"{q[i]} + {scale} * {dq[i]}")
        out.store(i, out.name(f"min(max({moved}, lower{i}), upper{i})"))
    for k, value in enumerate((linear, angular, longest)):
        out.store(rows.report + k, value)
    before = [f"{name} = settings[{k}]" for k, name in enumerate(SETTINGS)]
    before += [f"{side}{i} = {side}[{i}]" for side in ("lower", "upper") for i in range(n)]
    return out.function("step", "w, lower, upper, settings", before)


def _square(out: Writer, rows: list[list[str]], damping: str) -> list[list[Value]]:
    """Write rows times rows transposed, the lower half, with damping on the diagonal."""
    return [
        [
            out.sum(*zip(rows[i], rows[j], strict=True), *(((damping, 1.0),) if i == j else ()))
            for j in range(i + 1)
        ]
        for i in range(len(rows))
    ]


HEAD = '''"""Written by robots.ik.code for one arm; do not edit."""
from math import sqrt

import numpy as np

from robots.ik.lanes import Search, advance
from robots.ik.one import enter, leave, refused
from robots.kernel import kernel, unlocked
from robots.maths import bits_of

ZERO, ONE, TWO = np.uint64(0), np.uint64(1), np.uint64(2)


'''
SEARCH = """

@unlocked
def search({arguments}):
    search = Search({arguments})
    while advance(search, {report}):
        jacobian(w)
        step(w, lower, upper, settings)


@kernel
def one(rooms, pose, start, posture, q):
    room = rooms[0]
    if not enter(room, pose, start, posture):
        return refused()
    search = Search({fields})
    w, lower, upper, settings = search.w, search.lower, search.upper, search.settings
    while advance(search, {report}):
        jacobian(w)
        step(w, lower, upper, settings)
    return leave(room, q)
"""


def module(chain: Chain) -> str:
    """Write the whole source for one arm: `jacobian`, `step`, and the searches over them."""
    n = len(chain.joints)
    search = SEARCH.format(
        arguments=", ".join(Search._fields),
        # A slice is an array like any other to Numba, so that nothing is compiled twice.
        fields=", ".join(f"room.{name}[:]" for name in Search._fields),
        report=Rows(n).report,
    )
    return HEAD + jacobian(chain) + "\n\n" + step(n) + search


def load(chain: Chain) -> ModuleType:
    """Import the module for one arm, written once and kept with all other generated sources."""
    from robots.generated.cache import key, store, stored

    parts = ("position", "rotation", "axis", "prismatic", "tool_position", "tool_rotation")
    name = f"ik_{key('ik', SOURCES, *(getattr(chain, part) for part in parts))}"
    return stored(name) or store(name, module(chain))
