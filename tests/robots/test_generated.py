"""Generated kernels against Pinocchio and PyBullet, and against the identities of mechanics."""

import numpy as np
import pytest

from robots import catalogue, reference
from robots.errors import RobotError
from robots.generated import Kernels, kernels
from robots.model import RobotModel
from tests.drivers import random_inputs
from tests.robots import peers
from tests.robots.test_reference import moved

EXACT = 1e-10
"""Largest error allowed, relative to the largest entry of the array it is in."""

# Of float32 batches, relative to the largest entry of the whole batch. Forward dynamics solves
# with the mass matrix, whose condition number costs as many digits more.
ROUGH = dict.fromkeys(("forward", "jacobian", "jacobian_dot", "com"), 2e-6)
ROUGH |= dict.fromkeys(("rnea", "crba", "gravity", "bias", "coriolis", "coriolis_matrix"), 2e-5) | {
    "aba": 2e-3
}
NAMES = list(ROUGH)

FRAMES = {"panda": "panda_grasptarget", "xarm6": "link6", "a1": "FR_toe", "mimics": "l2"}
CASES = [*catalogue.every(), "panda whole", "mimics", "mimics afloat"]


def off(got, want, least=0.0):
    return np.abs(got - want).max() / max(np.abs(want).max(), least)


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """Give (kernels, the frame's link, URDF)."""
    name, *how = request.param.split()
    if name == "mimics":
        urdf = tmp_path_factory.mktemp("urdf") / "mimics.urdf"
        urdf.write_text(peers.MIMICS)
        made = Kernels(RobotModel.from_urdf(urdf).tree(floating=bool(how)))
    elif how:
        urdf, made = catalogue.urdf(name), Kernels(catalogue.tree(name, whole=True))
    else:
        urdf, made = catalogue.urdf(name), kernels(name)
    return made, FRAMES.get(name, list(made.tree.frames)[-1]), urdf


def kernel_of(made, name, frame):
    found = getattr(made, name)
    return found(frame) if name in ("forward", "jacobian", "jacobian_dot") else found


def batch(tree, count, seed):
    q, v, a = (np.array(part) for part in zip(*peers.states(tree, count, seed), strict=True))
    return q, v, a


def inputs_of(kernel, q, v, a):
    return tuple({"q": q, "dq": v, "ddq": a, "tau": a}[name] for name in kernel.inputs)


def whole(kernel, *inputs, **options):
    """Give all outputs side by side, flat but for the batch."""
    found = kernel(*inputs, **options)
    found = found if isinstance(found, tuple) else (found,)
    lead = inputs[0].shape[:-1]
    return [part.reshape(*lead, -1) for part in found]


def test_batches_equal_pinocchio(case):
    made, frame, urdf = case
    tree = made.tree
    pin = peers.Pinocchio(pytest.importorskip("pinocchio"), urdf, tree)
    q, v, a = batch(tree, 1000, 0)
    position, rotation, jacobian = made.jacobian(frame)(q)
    at, turn = made.forward(frame)(q)
    rate = made.jacobian_dot(frame)(q, v)
    tau, mass, (centre, moves) = made.rnea(q, v, a), made.crba(q), made.com(q)
    gravity, bias, coriolis = made.gravity(q), made.bias(q, v), made.coriolis(q, v)
    matrix = made.coriolis_matrix(q, v)
    still = np.zeros(tree.nv)
    for i in range(1000):
        want = pin.frame(q[i], frame)
        for got in ((position[i], rotation[i], jacobian[i]), (at[i], turn[i])):
            for g, w in zip(got, want, strict=False):
                assert off(g, w, 0.1) <= EXACT
        assert off(rate[i], pin.jacobian_rate(q[i], v[i], frame), 1.0) <= EXACT
        assert off(tau[i], pin.rnea(q[i], v[i], a[i])) <= EXACT
        assert off(mass[i], pin.crba(q[i])) <= EXACT
        assert off(centre[i], pin.centre_of_mass(q[i])) <= EXACT
        assert off(moves[i], pin.centre_of_mass_jacobian(q[i])) <= EXACT
        heavy = pin.rnea(q[i], still, still)
        loaded = pin.rnea(q[i], v[i], still)
        assert off(gravity[i], heavy, 1e-3) <= EXACT and off(bias[i], loaded) <= EXACT
        assert off(coriolis[i], loaded - heavy, np.abs(loaded).max()) <= EXACT
        assert off(matrix[i], pin.coriolis(q[i], v[i])) <= EXACT


def test_forward_dynamics_equal_pinocchio(case):
    made, _, urdf = case
    pin = peers.Pinocchio(pytest.importorskip("pinocchio"), urdf, made.tree)
    q, v, a = batch(made.tree, 1000, 1)
    got = made.aba(q, v, a)
    for i in range(1000):
        mass = pin.crba(q[i])
        want = np.linalg.solve(mass, a[i] - pin.rnea(q[i], v[i], np.zeros(made.tree.nv)))
        assert off(got[i], want) <= EXACT


def test_kernels_equal_pybullet(case):
    """Held to Bullet's inverse dynamics, mass matrix, Jacobian and places of links.

    The kernels are those of a tree that weighs what Bullet says it holds: as it reads an inertia
    it turns it to principal axes, which it finds to some 1e-9 of it here, and no dynamics of its
    own are nearer to the URDF's than that.
    """
    made, _, urdf = case
    model = RobotModel.from_urdf(urdf)
    bullet = peers.Bullet(urdf, made.tree)
    try:
        weighed = bullet.weighed(model)
        for name, link in model.links.items():
            assert off(weighed.links[name].inertia, link.inertia, 1e-9) <= 1e-8
        tree = weighed.tree(floating=made.tree.floating, joints=made.tree.names)
        held = Kernels(tree)
        q, v, a = batch(made.tree, 1000, 2)
        tau, mass = held.rnea(q, v, a), held.crba(q)
        frame = list(bullet.links)[-1]
        position, rotation, jacobian = held.jacobian(frame)(q)
        for i in range(1000):
            at, turn, _ = bullet.poses(q[i])[frame]
            assert off(position[i], at, 1.0) <= EXACT and off(rotation[i], turn) <= EXACT
            assert off(tau[i], bullet.rnea(q[i], v[i], a[i])) <= EXACT
            assert off(mass[i], bullet.crba(q[i])) <= EXACT
            assert off(jacobian[i], bullet.jacobian(q[i], frame), 1.0) <= EXACT
    finally:
        bullet.close()


@pytest.mark.parametrize("name", NAMES)
def test_single_equals_batched(case, name):
    """Up to the rounding that fused multiply-adds leave out."""
    made, frame, _ = case
    few = ("jacobian", "aba") if made.name in ("iiwa", "xarm6", "so101") else NAMES
    if name not in few or (name == "coriolis_matrix" and made.name == "mimics"):
        pytest.skip("compiled for the others")
    kernel = kernel_of(made, name, frame)
    inputs = inputs_of(kernel, *batch(made.tree, 20, 3))
    many = whole(kernel, *inputs)
    for i in range(20):
        one = whole(kernel, *(x[i] for x in inputs))
        for got, want in zip(one, many, strict=True):
            assert off(got, want[i], 1e-3) <= (1e-10 if name == "aba" else 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_close_to_float64(case, name):
    made, frame, _ = case
    kernel = kernel_of(made, name, frame)
    # Both from the very same states: what a float32 can hold.
    inputs = [x.astype(np.float32) for x in inputs_of(kernel, *batch(made.tree, 1000, 4))]
    exact = whole(kernel, *(x.astype(np.float64) for x in inputs))
    for got, want in zip(whole(kernel, *inputs), exact, strict=True):
        assert got.dtype == np.float32
        assert off(got, want, 1e-3) <= ROUGH[name]


def test_forces_add_up(case):
    """rnea(q, dq, 0) = bias = coriolis + gravity, and rnea = M ddq + bias."""
    made = case[0]
    q, v, a = batch(made.tree, 100, 5)
    bias = made.bias(q, v)
    scale = np.abs(made.rnea(q, v, a)).max()
    assert np.abs(made.rnea(q, v, np.zeros_like(a)) - bias).max() <= 1e-13 * scale
    assert np.abs(made.coriolis(q, v) + made.gravity(q) - bias).max() <= 1e-13 * scale
    pushed = np.einsum("kij,kj->ki", made.crba(q), a) + bias
    assert np.abs(made.rnea(q, v, a) - pushed).max() <= 1e-12 * scale


def test_forward_dynamics_invert_inverse_dynamics(case):
    made = case[0]
    q, v, a = batch(made.tree, 100, 6)
    assert off(made.aba(q, v, made.rnea(q, v, a)), a) <= EXACT


def test_mass_matrix_is_symmetric_positive_definite(case):
    made = case[0]
    mass = made.crba(batch(made.tree, 200, 7)[0])
    assert (mass == mass.transpose(0, 2, 1)).all()
    assert np.linalg.eigvalsh(mass).min() > 0


def test_coriolis_matrix_is_christoffels(case):
    """C dq = coriolis, and dM/dt - 2 C is skew-symmetric, which says that dM/dt = C + C'."""
    made, h = case[0], 1e-6
    tree = made.tree
    q, v, _ = batch(tree, 200, 15)
    matrix, mass = made.coriolis_matrix(q, v), made.crba(q)
    forces = np.einsum("kij,kj->ki", matrix, v)
    scale = np.abs(matrix).max()
    assert np.abs(forces - made.coriolis(q, v)).max() <= 1e-13 * scale * np.abs(v).max()
    ahead, behind = (
        made.crba(np.array([moved(tree, *state, step) for state in zip(q, v, strict=True)]))
        for step in (h, -h)
    )
    change = (ahead - behind) / (2 * h)
    twice = matrix + matrix.transpose(0, 2, 1)
    assert np.abs(change - twice).max() <= 1e-6 * max(scale, np.abs(mass).max())


def test_jacobians_equal_finite_differences(case):
    made, frame, _ = case
    tree, h = made.tree, 1e-6
    q, v, _ = batch(tree, 50, 8)
    ahead, behind = (
        np.array([moved(tree, *state, step) for state in zip(q, v, strict=True)])
        for step in (h, -h)
    )
    p1, r1, j1 = made.jacobian(frame)(ahead)
    p0, r0, j0 = made.jacobian(frame)(behind)
    _, turn, jacobian = made.jacobian(frame)(q)
    twist = np.einsum("kij,kj->ki", jacobian, v)
    assert np.allclose(twist[:, :3], (p1 - p0) / (2 * h), atol=1e-6)
    spin = (r1 - r0) / (2 * h) @ turn.transpose(0, 2, 1)
    rates = np.stack([spin[:, 2, 1], spin[:, 0, 2], spin[:, 1, 0]], axis=1)
    assert np.allclose(twist[:, 3:], rates, atol=1e-6)
    assert np.allclose(made.jacobian_dot(frame)(q, v), (j1 - j0) / (2 * h), atol=1e-6)
    c1, c0 = made.com(ahead)[0], made.com(behind)[0]
    carried = np.einsum("kij,kj->ki", made.com(q)[1], v)
    assert np.allclose(carried, (c1 - c0) / (2 * h), atol=1e-6)


def rate(tree, q, v):
    """Give dq/dt (nq,): of a turn 1/2 quaternion * (w, 0), with w in the base's frame."""
    if not tree.floating:
        return v
    vector, w, spin = q[3:6], q[6], v[3:6]
    turning = 0.5 * np.append(w * spin + np.cross(vector, spin), -vector @ spin)
    return np.concatenate([reference.rotation_of(q[3:7]) @ v[:3], turning, v[6:]])


def test_energy_is_kept_without_damping(case):
    """A tenth of a second of free motion, by Runge and Kutta's fourth-order rule."""
    made = case[0]
    tree, h = made.tree, 5e-4
    q, v, _ = (x[0] for x in batch(tree, 1, 9))
    v = 0.5 * v
    kinetic, potential = reference.energy(tree, q, v)

    def slope(y):
        at, speed = y[: tree.nq], y[tree.nq :]
        return np.concatenate([rate(tree, at, speed), made.aba(at, speed, np.zeros(tree.nv))])

    y = np.concatenate([q, v])
    for _ in range(200):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    after = sum(reference.energy(tree, y[: tree.nq], y[tree.nq :]))
    assert not np.allclose(y[: tree.nq], q, atol=1e-2)
    assert abs(after - kinetic - potential) <= 1e-7 * kinetic


@pytest.mark.parametrize("count", [1, 15, 16, 17, 100])
def test_any_number_of_states_on_any_number_of_threads(count):
    made = kernels("panda")
    q, v, a = batch(made.tree, 100, 10)
    want = made.rnea(q, v, a)
    for threads in (1, 2, 5):
        got = made.rnea(q[:count], v[:count], a[:count], threads=threads)
        assert (got == want[:count]).all()


def test_blocks_hold_sixteen_states_side_by_side():
    made = kernels("panda")
    q, v, a = batch(made.tree, 40, 11)
    room = made.rnea.empty(40)
    assert room["q"].shape == (3, 7, 16) and room["q"].ctypes.data % 64 == 0
    for name, values in {"q": q, "dq": v, "ddq": a}.items():
        room[name][:] = 0.0
        for i in range(40):
            room[name][i // 16, :, i % 16] = values[i]
    made.rnea.blocks(*room.values(), threads=2)
    want = made.rnea(q, v, a)
    for i in range(40):
        assert (room["tau"][i // 16, :, i % 16] == want[i]).all()


def test_quaternions_need_not_be_unit():
    made = kernels("husky")
    q, v, a = batch(made.tree, 10, 12)
    long = q.copy()
    long[:, 3:7] *= 1.7
    assert off(made.rnea(long, v, a), made.rnea(q, v, a)) <= 1e-14


@pytest.mark.parametrize("robot", ["panda", "a1"])
@pytest.mark.parametrize("name", NAMES)
def test_every_nan_of_the_single_form_is_the_canonical_one(name, robot):
    """Whatever went in: NaNs of any payload, infinities, and what overflows on its way."""
    made, rng = kernels(robot), np.random.default_rng(13)
    kernel = kernel_of(made, name, FRAMES[robot])
    out = [np.empty(shape) for shape in kernel.outputs.values()]
    seen = 0
    for _ in range(500):
        share = rng.choice([0.0, 0.1, 0.5])
        inputs = []
        for shape in kernel.inputs.values():
            values = rng.normal(size=shape) * 10.0 ** rng.uniform(-320, 300, shape)
            strange = rng.random(shape) < share
            inputs.append(np.where(strange, random_inputs.odd(rng, shape), values))
        kernel.single(*inputs, *out)
        for array in out:
            bits = array.view(np.uint64)[np.isnan(array)]
            seen += len(bits)
            assert (bits == 0x7FF8000000000000).all()
    assert seen


def test_an_output_may_be_the_memory_of_an_input():
    made = kernels("panda")
    q, v, a = (x[0] for x in batch(made.tree, 1, 14))
    want = made.aba(q, v, a)
    made.aba.single(q, v, a, a)
    assert (a == want).all()


def test_other_generated_code_is_not_mixed_up():
    """Two trees that differ in one number have two kernels."""
    small, large = (
        Kernels(catalogue.model("panda").tree(hold={"panda_joint7": angle}), "panda")
        for angle in (0.0, 0.1)
    )
    assert small.rnea.module.__file__ != large.rnea.module.__file__
    assert small.rnea is small.rnea


Q, LONG = np.zeros(7), np.zeros((4, 7))
REFUSED = {
    "2 arrays given; expected q, dq, ddq": (Q, Q),
    r"ddq has shape \(6,\); expected \(7,\) for one state, or \(batch, 7\) for many": (Q, Q, Q[:6]),
    r"dq has shape \(7,\); expected \(4, 7\)": (LONG, Q, LONG),
    r"dq has shape \(3, 7\); expected \(4, 7\)": (LONG, LONG[:3], LONG),
    "q has dtype int64; expected float64": (Q.astype(np.int64), Q, Q),
    "q has dtype float32; expected float64": (Q.astype(np.float32), Q, Q),
    "dq has dtype float64; expected float32": (LONG.astype(np.float32), LONG, LONG),
    "q has dtype float16; expected float64 or float32": (LONG.astype(np.float16), LONG, LONG),
    r"strides \(8, 32\); expected a C-contiguous": (np.zeros((7, 4)).T, LONG, LONG),
    "q is empty; expected at least one state": (LONG[:0], LONG[:0], LONG[:0]),
    "q is a list; expected a NumPy array": (list(Q), Q, Q),
    r"dq\[6\] is nan; expected finite": (Q, np.append(Q[:6], np.nan), Q),
    r"ddq\[3, 0\] is inf; expected finite": (LONG, LONG, np.vstack([LONG[:3], [np.inf] * 7])),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused_with_what_was_expected(message):
    with pytest.raises(RobotError, match=message):
        kernels("panda").rnea(*REFUSED[message])


def test_blocks_that_do_not_fit_are_refused():
    rnea = kernels("panda").rnea
    room = list(rnea.empty(32).values())
    for array in room:
        array[:] = 0.0
    rnea.blocks(*room)
    with pytest.raises(RobotError, match=r"tau has shape \(1, 7, 16\); expected \(2, 7, 16\)"):
        rnea.blocks(*room[:3], room[3][:1])
    with pytest.raises(RobotError, match="q is empty"):
        rnea.blocks(*(array[:0] for array in room))
    with pytest.raises(RobotError, match="3 arrays given; expected q, dq, ddq, tau"):
        rnea.blocks(*room[:3])
    room[1][1, 2, 3] = np.nan
    with pytest.raises(RobotError, match=r"dq\[1, 2, 3\] is nan"):
        rnea.blocks(*room)


def test_unknown_robots_and_links_are_named_with_the_nearest():
    with pytest.raises(RobotError, match="unknown robot 'pnda'; did you mean 'panda'"):
        kernels("pnda")
    with pytest.raises(RobotError, match="unknown link 'panda_hnd'; did you mean 'panda_hand'"):
        kernels("panda").jacobian("panda_hnd")
