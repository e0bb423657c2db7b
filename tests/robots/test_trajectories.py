"""Rest-to-rest moves are as fast as can be, keep every limit and arrive exactly."""

import math

import numpy as np
import pytest
import ruckig
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from robots import bench_trajectories
from robots.errors import RobotError
from robots.trajectories import Motion, jerk_limited, moving, quintic, rest, trapezoid

KINDS = [jerk_limited, trapezoid]
IDS = ["jerk_limited", "trapezoid"]


def limits_of(kind, v, a, j):
    return (v, a, j) if kind is jerk_limited else (v, a)


def ruckig_duration(q_start, q_goal, v, a, j):
    n = len(v)
    task, found = ruckig.InputParameter(n), ruckig.Trajectory(n)
    task.current_position, task.target_position = q_start.tolist(), q_goal.tolist()
    task.max_velocity, task.max_acceleration = v.tolist(), a.tolist()
    task.max_jerk = j.tolist()
    ruckig.Ruckig(n).calculate(task, found)
    return found.duration


def random_case(rng, n):
    """Limits and distances whose sizes are spread evenly, so that every shape of a move occurs."""
    q_start = rng.uniform(-3, 3, n)
    way = rng.choice([-1, 1], n) * 10 ** rng.uniform(-4, 0.7, n)
    way[rng.random(n) < 0.05] = 0.0
    return q_start, q_start + way, *(10 ** rng.uniform(-1, high, n) for high in (1, 2, 3))


def test_durations_are_ruckigs_on_ten_thousand_moves_of_seven_joints_in_step():
    rng = np.random.default_rng(11)
    record = np.zeros(1, jerk_limited.plan_dtype(7))
    worst = 0.0
    for _ in range(10_000):
        q_start, q_goal, v, a, j = random_case(rng, 7)
        jerk_limited.plans(q_start[None], q_goal[None], v, a, j, record)
        theirs = ruckig_duration(q_start, q_goal, v, a, j)
        worst = max(worst, abs(record["duration"][0] - theirs))
    assert worst < 1e-9


def test_trapezoids_durations_are_ruckigs_without_a_jerk_limit():
    rng = np.random.default_rng(12)
    for _ in range(1000):
        q_start, q_goal, v, a, _ = random_case(rng, 7)
        ours = trapezoid.between(q_start, q_goal, v, a).duration
        assert ours == pytest.approx(
            ruckig_duration(q_start, q_goal, v, a, np.full(7, math.inf)), abs=1e-9
        )


def test_a_single_joint_moves_exactly_as_ruckig_moves_it():
    rng = np.random.default_rng(13)
    for _ in range(200):
        q_start, q_goal, v, a, j = random_case(rng, 1)
        ours = jerk_limited.between(q_start, q_goal, v, a, j)
        theirs = moving.between(rest(q_start), rest(q_goal), v, a, j)
        t = rng.uniform(0, ours.duration, 50)
        one, other = ours.samples(t), theirs.samples(t)
        assert np.abs(one.q - other.q).max() < 1e-9
        assert np.abs(one.dq - other.dq).max() < 1e-9 * v[0]
        # Two clocks that differ by 1e-12 s see an acceleration that differs by as much jerk.
        assert np.abs(one.ddq - other.ddq).max() < 1e-9 * (a[0] + j[0])


@pytest.mark.parametrize(
    ("limits", "way", "duration"),
    [
        ((1.0, 2.0, 10.0), 1.0, 1.7),  # cruises, meets the acceleration limit
        ((1.0, 4.0, 4.0), 3.0, 4.0),  # cruises, does not
        ((9.0, 1.0, 1.0), 6.0, 6.0),  # no cruise, meets it
        ((9.0, 9.0, 2.0), 4.0, 4.0),  # jerk alone: 4 cbrt(D / 2j)
    ],
)
def test_every_shape_of_a_move_lasts_what_it_does_on_paper(limits, way, duration):
    q = np.zeros(1)
    move = jerk_limited.between(q, q + way, *(np.array([x]) for x in limits))
    assert move.duration == pytest.approx(duration, rel=1e-15)


exponents = st.lists(st.floats(-8, 8), min_size=3, max_size=3)
places = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@given(places, places, exponents, exponents, exponents)
@settings(max_examples=150, deadline=None)
def test_no_limit_is_ever_exceeded_and_arrival_is_exact(kind, q_start, q_goal, v, a, j):
    q_start, q_goal = np.array(q_start), np.array(q_goal)
    assume((np.abs(q_goal - q_start)[q_goal != q_start] > 1e-200).all())
    v, a, j = (10.0 ** np.array(x) for x in (v, a, j))
    move = kind.between(q_start, q_goal, *limits_of(kind, v, a, j))
    t = np.concatenate([np.linspace(0, move.duration, 200), switches(move)])
    q, dq, ddq = move.samples(t)
    assert (np.abs(dq) <= v).all() and (np.abs(ddq) <= a).all()
    slack = 1e-12 * (np.abs(q_start) + np.abs(q_goal))
    assert (q >= np.minimum(q_start, q_goal) - slack).all()
    assert (q <= np.maximum(q_start, q_goal) + slack).all()
    if kind is jerk_limited:
        assert (move.record["dddq_peak"] <= j).all()
    for t, place in ((-1.0, q_start), (0.0, q_start), (move.duration, q_goal), (1e90, q_goal)):
        here = move.sample(t)
        assert (here.q == place).all()
        assert (here.dq == 0).all()
        if kind is jerk_limited or t != 0.0:
            assert (here.ddq == 0).all()
    moved = q_start != q_goal
    assert (np.sign(dq[100:101, moved]) == np.sign(q_goal - q_start)[moved]).all()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_not_even_the_last_digit_of_a_sample_beside_a_switch_exceeds_a_limit(kind):
    rng = np.random.default_rng(20)
    over = 0
    for k in range(1000):
        q_start, q_goal, v, a, j = random_case(rng, 7)
        j = j * 1e18 if k % 2 else j  # a jerk too short to leave room for rounding
        move = kind.between(q_start, q_goal, *limits_of(kind, v, a, j))
        times = [switches(move)]
        for _ in range(3):
            times.append(np.nextafter(times[-1], 0.0))
        _, dq, ddq = move.samples(np.concatenate(times))
        over += (np.abs(dq) > v).sum() + (np.abs(ddq) > a).sum()
    assert over == 0


def switches(move):
    """The times at which a move changes from one polynomial to the next."""
    record, whole = move.record[0], move.duration
    fields = [name for name in ("t_jerk", "t_full", "t_cruise") if name in record.dtype.names]
    first = np.concatenate([record[name] for name in fields])
    return np.concatenate([first, whole - first, [0.0, 0.5 * whole, whole]])


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_position_and_speed_are_continuous_at_every_switch_and_acceleration_where_promised(kind):
    rng = np.random.default_rng(14)
    for _ in range(300):
        q_start, q_goal, v, a, j = random_case(rng, 7)
        move = kind.between(q_start, q_goal, *limits_of(kind, v, a, j))
        step = 1e-9 * move.duration
        t = switches(move)
        before, after = move.samples(t - step), move.samples(t + step)
        way = np.abs(q_goal - q_start)
        assert (np.abs(after.q - before.q) <= 2.001 * step * v + 1e-14 + 1e-14 * way).all()
        assert (np.abs(after.dq - before.dq) <= 2.001 * step * a + 1e-13 * v).all()
        if kind is jerk_limited:
            assert (np.abs(after.ddq - before.ddq) <= 2.001 * step * j + 1e-13 * a).all()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_speed_is_the_slope_of_position_and_acceleration_that_of_speed(kind):
    rng = np.random.default_rng(15)
    for _ in range(20):
        q_start, q_goal, v, a, j = random_case(rng, 7)
        move = kind.between(q_start, q_goal, *limits_of(kind, v, a, j))
        t, dt = np.linspace(0, move.duration, 20_001, retstep=True)
        q, dq, ddq = move.samples(t)
        # Simpson's rule is exact for these polynomials but on the few steps with a switch.
        mean = move.samples(t[:-1] + dt / 2)
        gone = dt / 6 * (dq[:-1] + 4 * mean.dq + dq[1:])
        gained = dt / 6 * (ddq[:-1] + 4 * mean.ddq + ddq[1:])
        assert (np.abs(np.diff(q, axis=0) - gone) <= 1e-13 + dt * dt * a).all()
        jumps = np.abs(np.diff(dq, axis=0) - gained)
        assert (jumps <= 1e-12 * v + dt * (a if kind is trapezoid else dt * j)).all()
        assert (np.quantile(jumps, 0.99, axis=0) <= 1e-12 * v).all()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_slower_joints_set_the_time_and_the_others_use_all_of_it(kind):
    one = np.ones(3)
    move = kind.between(np.zeros(3), np.array([0.1, -2.0, 0.0]), *limits_of(kind, one, one, one))
    alone = kind.between(np.zeros(1), np.full(1, -2.0), *limits_of(kind, *np.ones((3, 1))))
    assert move.duration == alone.duration
    late = move.sample(0.99 * move.duration)
    assert late.q[0] < 0.1 and late.dq[0] > 0 and late.q[1] > -2.0
    assert late.q[2] == 0.0 and late.dq[2] == 0.0 and late.ddq[2] == 0.0


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_mirrored_and_reversed_moves_are_mirrored_and_reversed(kind):
    rng = np.random.default_rng(16)
    for _ in range(50):
        q_start, q_goal, v, a, j = random_case(rng, 7)
        limits = limits_of(kind, v, a, j)
        move = kind.between(q_start, q_goal, *limits)
        mirrored = kind.between(-q_start, -q_goal, *limits)
        back = kind.between(q_goal, q_start, *limits)
        assert move.duration == mirrored.duration == back.duration
        t = rng.uniform(0, move.duration, 100)
        one, other, third = move.samples(t), mirrored.samples(t), back.samples(move.duration - t)
        assert all((x == -y).all() for x, y in zip(one, other, strict=True))
        assert np.abs(one.q - third.q).max() < 1e-9 and np.abs(one.dq + third.dq).max() < 1e-9


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_a_move_of_no_length_takes_no_time(kind):
    q = np.array([0.3, -0.0, 5.0])
    move = kind.between(q, q, *limits_of(kind, *np.ones((3, 3))))
    assert move.duration == 0.0
    for t in (-1.0, 0.0, math.nan, 3.0):
        here = move.sample(t)
        assert (here.q == q).all() and not here.dq.any() and not here.ddq.any()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@pytest.mark.parametrize("way", [1e-199, 1e-150, 1e-15, 1e-9, 1e9, 1e50])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (1e-30, 1e30, 1e-30), (1e30, 1e-30, 1e30),
                                   (1e-20, 1e-40, 1e20), (1e40, 1e20, 1e-20)])  # fmt: skip
def test_tiny_and_huge_distances_and_limits_give_a_move_that_arrives(kind, way, sizes):
    limits = limits_of(kind, *(np.array([x]) for x in sizes))
    move = kind.between(np.zeros(1), np.array([way]), *limits)
    q, dq, ddq = move.samples(np.linspace(0, move.duration, 301))
    assert q[0] == 0.0 and q[-1] == way and np.isfinite([q, dq, ddq]).all()
    assert (np.abs(dq) <= sizes[0]).all() and (np.abs(ddq) <= sizes[1]).all()
    assert (np.diff(q[:, 0]) >= -1e-12 * way).all() and (q <= way).all()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@pytest.mark.parametrize("way", [5e-324, -1e-300])
def test_a_distance_too_small_to_compute_with_takes_no_time(kind, way):
    move = kind.between(np.zeros(1), np.array([way]), *limits_of(kind, *np.ones((3, 1))))
    assert move.duration == 0.0
    assert move.sample(-1.0).q[0] == 0.0 and move.sample(0.0).q[0] == way


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308])
def test_a_kernel_given_nonsense_holds_the_start_and_says_so(kind, bad):
    good = (np.full((1, 2), 0.5), np.ones((1, 2)), *np.ones((len(limits_of(kind, 1, 1, 1)), 2)))
    for which in range(len(good)):
        arrays = [x.copy() for x in good]
        arrays[which][..., 1] = bad
        record = np.zeros(1, kind.plan_dtype(2))
        kind.plans(*arrays, record)
        assert record["flags"][0] == kind.FLAG_INPUT and record["duration"][0] == 0.0
        assert not any(np.isnan(record[name]).any() for name in record.dtype.names)
        out = np.full((3, 3, 2), math.nan)
        kind.samples(record, np.array([-1.0, math.nan, 1.0]), *out)
        assert (out[0] == [0.5, 0.0 if which == 0 else 0.5]).all() and not out[1:].any()


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("kind", [*KINDS, moving], ids=[*IDS, "moving"])
def test_limits_that_are_not_positive_or_not_finite_are_refused_by_name(kind, bad):
    q = np.zeros(2) if kind is not moving else rest(np.zeros(2))
    for k, name in enumerate(limits_of(kind, "dq_max", "ddq_max", "dddq_max") if kind is not moving
                             else ("dq_max", "ddq_max", "dddq_max")):  # fmt: skip
        limits = np.ones((3, 2))
        limits[k, 1] = bad
        with pytest.raises(RobotError, match=rf"^{name}\[1\] is {bad}; .*$"):
            kind.between(q, q, *(limits if kind is moving else limits_of(kind, *limits)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q_goal": [0.0, math.nan]}, r"q_goal\[1\] is nan; it must be finite"),
        ({"q_start": [math.inf, 0.0]}, r"q_start\[0\] is inf"),
        ({"q_goal": [0.0]}, r"q_goal has shape \(1,\); it must be \(2,\)"),
        ({"q_start": [[0.0, 0.0]]}, r"q_start has shape \(1, 2\); it must be \(n,\)"),
        ({"q_start": []}, r"q_start has shape \(0,\)"),
        ({"q_goal": "left"}, "q_goal is 'left'; it must be numbers"),
        ({"ddq_max": [1.0, 1.0, 1.0]}, r"ddq_max has shape \(3,\); it must be \(2,\)"),
        ({"q_max": [1.0, -0.5]}, r"q_start\[1\] is 0, outside its limits -inf to -0.5"),
        ({"q_min": [0.0, 0.0], "q_goal": [-1.0, 0.0]}, r"q_goal\[0\] is -1, outside its limits 0"),
        ({"dq_max": [1e-99, 1.0], "q_goal": [90.0, 0.0]}, "the move takes over 1e100 s"),
    ],
)
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_what_cannot_be_planned_is_refused_in_one_line(kind, change, message):
    given = {"q_start": [0.0, 0.0], "q_goal": [1.0, 1.0], "dq_max": [1, 1], "ddq_max": [1, 1]}
    if kind is jerk_limited:
        given["dddq_max"] = [1, 1]
    with pytest.raises(RobotError, match=message) as caught:
        kind.between(**(given | change))
    assert "\n" not in str(caught.value)


def many_of(kind, m, dtype=np.float64, **options):
    """Give m random moves planned by a kind, and what they were planned from."""
    rng = np.random.default_rng(20)
    q_start, q_goal = rng.uniform(-2, 2, (2, m, 7)).astype(dtype)
    if kind is quintic:
        zero = np.zeros((m, 7), dtype)
        start, goal = (Motion(q, zero + 0.25, zero - 0.5) for q in (q_start, q_goal))
        given = (start, goal, rng.uniform(0.5, 2, m))
        singly = [
            (Motion(*(x[k] for x in start)), Motion(*(x[k] for x in goal)), given[2][k])
            for k in range(m)
        ]
    else:
        limits = limits_of(kind, *(rng.uniform(0.5, 1, 7) * x for x in (1.0, 4.0, 50.0)))
        given = (q_start, q_goal, *limits)
        singly = [(q_start[k], q_goal[k], *limits) for k in range(m)]
    return kind.many(*given, **options), singly


@pytest.mark.parametrize("kind", [*KINDS, quintic], ids=[*IDS, "quintic"])
def test_many_moves_are_the_single_ones_to_the_bit_on_any_number_of_threads(kind):
    m, times = 600, np.array([-1.0, 0.0, 0.3, 0.31, 1.7, math.nan, 9.0])
    one, singly = many_of(kind, m)
    motion = one.samples(times)
    assert len(one) == m and motion.q.shape == (m, 7, 7)
    for k in (0, 255, 256, 511, 599):
        move = kind.between(*singly[k])
        assert one.duration[k] == move.duration
        for x, y in zip(motion, move.samples(times), strict=True):
            assert (x[k] == y).all()
    for threads in (2, 3, 8):
        more, _ = many_of(kind, m, threads=threads)
        assert more.records.tobytes() == one.records.tobytes()
        again = more.samples(times, threads=threads)
        assert all((x == y).all() for x, y in zip(again, motion, strict=True))


@pytest.mark.parametrize("kind", [*KINDS, quintic], ids=[*IDS, "quintic"])
def test_of_float32_positions_samples_are_those_of_float64_rounded_once(kind):
    moves, singly = many_of(kind, 20, np.float32)
    times = np.linspace(0, 2, 50)
    motion = moves.samples(times)
    assert all(x.dtype == np.float32 for x in motion) and moves.duration.dtype == np.float64
    for k, one in enumerate(singly):
        for x, y in zip(motion, kind.between(*one).samples(times), strict=True):
            assert (x[k] == y.astype(np.float32)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q_start": np.zeros((0, 2))}, r"q_start has shape \(0, 2\); it must be \(m, n\), a row"),
        (
            {"q_start": np.zeros(2)},
            r"q_start has shape \(2,\); it must be \(m, n\), a row per move",
        ),
        ({"q_goal": np.ones((2, 2))}, r"q_goal has shape \(2, 2\); it must be \(3, 2\)"),
        ({"q_goal": [[1, 1], [1, math.nan], [1, 1]]}, r"q_goal\[1, 1\] is nan; it must be finite"),
        ({"q_goal": [["a"]]}, "it must be numbers, a row per move"),
        ({"dq_max": [1.0]}, r"dq_max has shape \(1,\); it must be \(2,\)"),
        ({"dq_max": [1.0, 0.0]}, r"dq_max\[1\] is 0.0; a limit must be positive"),
        ({"q_max": [2.0, 0.5]}, r"q_goal\[\d\]\[1\] is 1, outside its limits -inf to 0.5"),
        ({"threads": 0}, "threads is 0; valid: whole numbers from 1"),
        ({"threads": 1.5}, "threads is 1.5"),
        ({"dq_max": [1e-99, 1.0], "q_goal": [[0, 0], [90, 0], [0, 0]]}, r"q_goal\[1\] is too far"),
    ],
)
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_many_moves_that_cannot_be_planned_are_refused_in_one_line(kind, change, message):
    given = {"q_start": np.zeros((3, 2)), "q_goal": np.ones((3, 2))}
    given |= {name: [1, 1] for name in limits_of(kind, "dq_max", "ddq_max", "dddq_max")}
    with pytest.raises(RobotError, match=message) as caught:
        kind.many(**(given | change))
    assert "\n" not in str(caught.value)


def test_many_quintics_that_make_no_sense_are_refused_in_one_line():
    still = rest(np.zeros((2, 3)))
    for duration, message in (
        ([1.0, 0.0], "duration is 0.0; it must be positive"),
        ([1.0, 1.0, 1.0], r"duration has shape \(3,\); it must be \(2,\) or a number"),
        (math.nan, "duration is nan"),
    ):
        with pytest.raises(RobotError, match=message):
            quintic.many(still, still, duration)
    with pytest.raises(RobotError, match=r"goal.dq has shape \(3,\); it must be \(2, 3\)"):
        quintic.many(still, still._replace(dq=np.zeros(3)), 1.0)
    with pytest.raises(RobotError, match=r"times has shape \(1, 1\); it must be \(k,\)"):
        quintic.many(still, still, 1.0).samples([[0.0]])


states = st.lists(st.floats(-100, 100), min_size=6, max_size=6)


@given(states, st.floats(0.01, 100))
@settings(max_examples=200, deadline=None)
def test_a_quintic_meets_all_six_of_its_conditions(numbers, duration):
    start, goal = (Motion(*(np.array([x]) for x in numbers[k::2])) for k in (0, 1))
    move = quintic.between(start, goal, duration)
    scale = max(1.0, *map(abs, numbers)) * max(1.0, duration, 1 / duration) ** 2
    for t, state in ((0.0, start), (duration, goal), (math.nextafter(duration, 0), goal)):
        for here, wanted in zip(move.sample(t), state, strict=True):
            assert here[0] == pytest.approx(wanted[0], abs=1e-12 * scale)
    for t, state in ((-1.0, start), (duration + 1.0, goal)):
        assert (move.sample(t).q == state.q).all()
    assert (move.sample(duration).ddq == goal.ddq).all()


def test_a_quintics_speed_and_acceleration_are_the_slopes():
    rng = np.random.default_rng(17)
    start, goal = (Motion(*rng.normal(0, 2, (3, 7))) for _ in range(2))
    move = quintic.between(start, goal, 1.7)
    t, h = np.linspace(0.1, 1.6, 50), 1e-4
    before, here, after = (move.samples(t + k * h) for k in (-1, 0, 1))
    assert np.abs((after.q - before.q) / (2 * h) - here.dq).max() < 1e-5
    assert np.abs((after.dq - before.dq) / (2 * h) - here.ddq).max() < 1e-5


def test_the_shortest_quintic_reaches_one_limit_and_exceeds_none():
    rng = np.random.default_rng(18)
    for _ in range(100):
        q_start, q_goal, v, a, j = random_case(rng, 3)
        duration = quintic.shortest(q_start, q_goal, v, a, j)
        if duration == 0.0:
            continue
        t, dt = np.linspace(0, duration, 4001, retstep=True)
        move = quintic.between(rest(q_start), rest(q_goal), duration).samples(t)
        jerk = np.diff(move.ddq, axis=0) / dt
        used = [np.abs(x).max(0) / y for x, y in ((move.dq, v), (move.ddq, a), (jerk, j))]
        assert np.max(used) == pytest.approx(1.0, abs=1e-3)
        best = jerk_limited.between(q_start, q_goal, v, a, j).duration
        assert best <= duration * (1 + 1e-12)
    assert math.isnan(quintic.shortest(np.array([math.nan]), *np.ones((4, 1))))


@pytest.mark.parametrize("which", range(7))
@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e308])
def test_a_quintic_kernel_given_nonsense_holds_the_start_and_says_so(which, bad):
    arrays, duration = np.ones((6, 2)), 1.0
    if which < 6:
        arrays[which, 1] = bad
    else:
        duration = bad
    record = np.zeros(1, quintic.plan_dtype(2))
    quintic.plan(*arrays, duration, record[0])
    out = np.full((3, 1, 2), math.nan)
    quintic.samples(record, np.array([0.5]), *out)
    assert record["flags"][0] == quintic.FLAG_INPUT
    assert (out[0] == [1.0, 0.0 if which == 0 else 1.0]).all() and not out[1:].any()


@pytest.mark.parametrize(
    ("start", "goal", "duration", "message"),
    [
        (rest([0.0]), rest([1.0]), 0.0, "duration is 0.0; it must be positive"),
        (rest([0.0]), rest([1.0]), math.nan, "duration is nan"),
        (rest([0.0]), rest([1.0, 2.0]), 1.0, r"goal.q has shape \(2,\)"),
        (Motion([0.0], [math.inf], [0.0]), rest([1.0]), 1.0, r"start.dq\[0\] is inf"),
        (rest([0.0]), Motion([0.0], [0.0], [1e30]), 1e90, "duration 1e\\+90 is too long"),
    ],
)
def test_a_quintic_that_makes_no_sense_is_refused(start, goal, duration, message):
    with pytest.raises(RobotError, match=message):
        quintic.between(start, goal, duration)


def test_from_moving_states_the_goal_is_reached_within_limits_and_without_a_jump():
    rng = np.random.default_rng(19)
    v, a, j = np.full(4, 2.0), np.full(4, 8.0), np.full(4, 60.0)
    for _ in range(50):
        start = Motion(rng.uniform(-2, 2, 4), *rng.uniform(-0.9, 0.9, (2, 4)))
        goal = Motion(rng.uniform(-2, 2, 4), *rng.uniform(-0.5, 0.5, (2, 4)))
        move = moving.between(start, goal, v, a, j)
        t, dt = np.linspace(0, move.duration, 2001, retstep=True)
        q, dq, ddq = move.samples(t)
        slack = 1 + 1e-9
        assert (np.abs(dq) <= v * slack).all() and (np.abs(ddq) <= a * slack).all()
        assert (np.abs(np.diff(ddq, axis=0)) <= j * dt * slack + 1e-9).all()
        assert np.abs(np.diff(q, axis=0) - dt * (dq[:-1] + dq[1:]) / 2).max() < dt**2
        for row, state in ((0, start), (-1, goal), (-2, goal)):
            near = 1e-9 if row != -2 else 0.1
            assert np.abs(q[row] - state.q).max() < near
            assert np.abs(dq[row] - state.dq).max() < near
        late = move.sample(move.duration + 1.0)
        assert all((x == y).all() for x, y in zip(late, goal, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"goal": Motion([0.0], [5.0], [0.0])}, "target velocity 5.0.*exceeds"),
        ({"goal": rest([math.nan])}, r"goal.q\[0\] is nan"),
        ({"start": Motion([0.0], [0.0, 1.0], [0.0])}, r"start.dq has shape \(2,\)"),
        ({"start": Motion([0.9], [1.0], [0.0])}, r"q on the way\[0\] is 1.*, outside its limits"),
        ({"start": rest([-3.0])}, r"q on the way\[0\] is -3, outside its limits -1 to 1"),
        ({"goal": rest([1e9]), "q_max": None}, "no move between these states: error in step 1"),
    ],
)
def test_a_moving_start_that_cannot_be_served_is_refused_in_one_line(change, message):
    given = {"start": rest([0.0]), "goal": rest([0.5]), "q_min": [-1.0], "q_max": [1.0]}
    given |= {"dq_max": [1.0], "ddq_max": [2.0], "dddq_max": [10.0]}
    with pytest.raises(RobotError, match=message) as caught:
        moving.between(**(given | change))
    assert "\n" not in str(caught.value)


def test_the_bench_plans_what_ruckig_plans_and_says_what_each_case_is():
    cases = bench_trajectories.cases(rounds=1)
    assert len({case["case"] for case in cases}) == len(cases) == 4
    for case in cases:
        assert case["ours"] > 0 and case["peer"] > 0 and "Ruckig" in case["peer_name"]
    start, goal, limits = bench_trajectories._moves()
    ours = [
        jerk_limited.between(*ends, *limits).duration
        for ends in zip(start[:20], goal[:20], strict=True)
    ]
    theirs = [ruckig_duration(*ends, *limits) for ends in zip(start[:20], goal[:20], strict=True)]
    assert np.abs(np.subtract(ours, theirs)).max() < 1e-9
