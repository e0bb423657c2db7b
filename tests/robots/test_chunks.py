"""Chunks between the rates: continuity, ensembles, and what comes late, never or broken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import catalogue
from robots.chunks import CATMULL_ROM, LINEAR, MONOTONE, ensemble, sample, tangents, weights
from robots.controllers import chunk_player, chunked_impedance
from robots.controllers.flags import FLAG_STALE, FLAG_WAITING
from robots.controllers.limiter import FLAG_NAN, FLAG_POSITION, FLAG_SENSOR
from robots.errors import RobotError

PANDA = catalogue.load("panda")
HZ = 1000.0


class Player:
    """A chunk player of the Panda's, told what joint 1 shall do and listened to tick by tick."""

    def __init__(self, rate_hz=HZ, **options):
        sizes = {key: options[key] for key in ("rows", "kept") if key in options}
        law = chunk_player.controller(7, **sizes)
        self.run = law.instance(chunk_player.params(PANDA, rate_hz, **options))
        self.run.input["q"] = PANDA.home
        self.spacing = 1.0 / options.get("row_hz", 10.0)
        self.ticks, self.q, self.dq, self.grip, self.flags = 0, [], [], [], []
        self.rate_hz = rate_hz

    @property
    def now(self):
        return self.ticks / self.rate_hz

    def give(self, values, time=None, joint=0):
        """Hand over a chunk whose first row is for `time`, or for one spacing from now."""
        rows = self.run.input["rows"][0]
        rows[: len(values), :7] = PANDA.home
        rows[: len(values), 7] = np.arange(len(values)) % 2
        rows[: len(values), joint] = values
        self.run.input["count"] = len(values)
        self.run.input["time"] = self.now + self.spacing if time is None else time
        self.run.input["sequence"] += 1

    def take(self, ticks, joint=0):
        for _ in range(ticks):
            self.run.step()
            self.ticks += 1
            out = self.run.output[0]
            self.q.append(out["q_goal"][joint])
            self.dq.append(out["dq_goal"][joint])
            self.grip.append(out["gripper"])
            self.flags.append(int(out["flags"]))
        return np.array(self.q[-ticks:])


def slopes(values, rate_hz=HZ):
    return np.diff(values) * rate_hz


def reference_tangents(times, knots, first):
    """Fritsch and Carlson's limit in plain NumPy."""
    rise = np.diff(knots, axis=0) / np.diff(times)[:, None]
    made = np.empty_like(knots)
    made[0], made[-1] = first, rise[-1]
    left, right = rise[:-1], rise[1:]
    middle = (left + right) / 2
    least = 3 * np.minimum(np.abs(left), np.abs(right))
    limited = np.sign(middle) * np.minimum(np.abs(middle), least)
    made[1:-1] = np.where(left * right <= 0, 0.0, limited)
    made[1:-1][np.isnan(middle)] = np.nan
    return made


def test_tangents_are_numpys_to_the_bit_with_nan_rows_too():
    rng = np.random.default_rng(0)
    for trial in range(50):
        times = np.cumsum(rng.uniform(0.05, 0.2, 12))
        knots = rng.normal(0, 1, (12, 3)).round(1)
        if trial % 3 == 0:
            knots[rng.integers(1, 12)] = np.nan
        first, made = rng.normal(0, 1, 3), np.empty((12, 3))
        tangents(times, knots, 12, first, MONOTONE, False, made)
        np.testing.assert_array_equal(made, reference_tangents(times, knots, first))
        tangents(times, knots, 12, first, CATMULL_ROM, True, made)
        rise = np.diff(knots, axis=0) / np.diff(times)[:, None]
        np.testing.assert_array_equal(made[1:-1], (rise[:-1] + rise[1:]) / 2)
        assert (made[-1] == 0).all()


def test_a_sampled_path_goes_through_its_knots_and_holds_at_the_end():
    rng = np.random.default_rng(1)
    times, knots = 0.1 * np.arange(8), rng.normal(0, 1, (8, 4))
    made, out = np.empty((8, 4)), np.empty((9, 5))
    tangents(times, knots, 8, np.zeros(4), CATMULL_ROM, False, made)
    sample(times, knots, made, times, np.arange(8.0), np.append(times, 5.0), out)
    np.testing.assert_array_equal(out[:8, :4], knots)
    np.testing.assert_array_equal(out[8], [*knots[-1], 7.0])


@pytest.mark.parametrize("row_hz, rate_hz", [(10, 500), (10, 1000), (50, 1000), (25, 800)])
@pytest.mark.parametrize("curve", [LINEAR, CATMULL_ROM, MONOTONE])
def test_the_goal_is_the_row_at_the_rows_time_at_every_pair_of_rates(row_hz, rate_hz, curve):
    player = Player(float(rate_hz), row_hz=float(row_hz), curve=curve)
    rows = 0.3 * np.sin(np.arange(1, 13))
    player.give(rows)
    got = player.take(14 * rate_hz // row_hz)
    per = rate_hz // row_hz
    np.testing.assert_allclose(got[per - 1 :: per][:12], rows, rtol=0, atol=1e-12)
    if curve == LINEAR:
        times = np.arange(1, 12 * per + 1) / rate_hz
        line = np.interp(times, np.arange(13) / row_hz, [0.0, *rows])
        np.testing.assert_allclose(got[: len(times)], line, rtol=0, atol=1e-12)
    else:
        # Between neighbouring ticks the goal moves at the velocity that it says it has.
        mean = (np.array(player.dq[:-1]) + np.array(player.dq[1:])) / 2
        np.testing.assert_allclose(slopes(got, rate_hz), mean, atol=0.003 * row_hz)


def test_the_monotone_curve_never_leaves_the_span_of_its_rows():
    rows = np.array([0.0, 0.0, 0.4, 0.4, 0.1, 0.1, 0.1, 0.5])
    for curve, over in ((MONOTONE, False), (CATMULL_ROM, True)):
        player = Player(curve=curve, coast=False)
        player.give(rows)
        got = player.take(800)
        assert bool(got.max() > 0.5 + 1e-9 or got[:500].max() > 0.4 + 1e-9) is over


@given(
    st.lists(
        st.tuples(
            st.integers(20, 700),  # ticks until the next chunk
            st.floats(-0.35, 0.3),  # how late its first row is, s
            st.integers(1, 16),
            st.integers(0, 2**32 - 1),
        ),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from([CATMULL_ROM, MONOTONE]),
    st.sampled_from([None, 0.01, 0.5]),
    st.sampled_from([0.0, 0.35]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_position_and_velocity_are_continuous_whatever_comes_when(chunks, curve, m, blend, coast):
    player = Player(curve=curve, m=m, blend_s=blend, coast=coast)
    for wait, early, count, seed in chunks:
        values = np.cumsum(np.random.default_rng(seed).uniform(-0.1, 0.1, count))
        player.give(values, player.now + 0.1 + early)
        player.take(wait)
    position, velocity = np.array(player.q), np.array(player.dq)
    # No acceleration of these curves is beyond 6 (rise / time) / time of the nearest knot, 60 ms.
    most = 6 * np.abs(velocity).max() / 0.06 + 6 * np.ptp(position) / 0.06**2
    assert np.abs(np.diff(velocity)).max() <= most / HZ
    mean = (velocity[:-1] + velocity[1:]) / 2
    assert np.abs(slopes(position) - mean).max() <= most / HZ


def test_a_chunk_that_disagrees_is_joined_without_a_step_in_velocity():
    step = {}
    for curve in (LINEAR, MONOTONE):
        player = Player(curve=curve)
        player.give(0.05 * np.arange(1, 11))
        player.take(450)
        player.give(0.6 - 0.05 * np.arange(1, 11))
        player.take(400)
        at = slopes(np.array(player.q))
        step[curve] = np.abs(np.diff(at))[440:460].max()
    # The straight line turns on the spot: it is continuous in position alone.
    assert step[LINEAR] > 1.0 and step[MONOTONE] < 0.25


def test_a_blend_moves_from_the_old_chunk_to_the_new_over_its_time():
    free, blended = Player(), Player(blend_s=0.6)
    for player in (free, blended):
        player.give(np.zeros(16))
        player.take(200)
        player.give(np.full(16, 0.3))
        player.take(900)
    at = 200 + 100 * np.arange(1, 8) - 1
    np.testing.assert_allclose(np.array(free.q)[at], 0.3)
    u = np.minimum(np.arange(1, 8) * 0.1 / 0.6, 1)
    np.testing.assert_allclose(np.array(blended.q)[at], 0.3 * u * u * (3 - 2 * u), atol=1e-12)


def test_weights_are_acts_and_the_oldest_counts_most():
    np.testing.assert_allclose(weights(0.01, 5), np.exp(-0.01 * np.arange(5)), rtol=1e-15)
    assert weights(0.5, 3).argmax() == 0
    for bad in (-0.1, np.nan, np.inf):
        with pytest.raises(RobotError, match="m is"):
            weights(bad, 3)


def reference_ensemble(chunks, m, spacing, time):
    """ACT's average over the chunks that reach `time`, oldest first, in plain NumPy."""
    said = []
    for start, rows in chunks:
        grid = start + spacing * np.arange(len(rows))
        if grid[0] - 1e-9 <= time <= grid[-1] + 1e-9:
            said.append([np.interp(time, grid, column) for column in rows.T])
    if not said:
        return None
    w = np.exp(-m * np.arange(len(said)))
    return (w / w.sum()) @ np.array(said)


def test_the_ensemble_is_the_plain_weighted_mean_from_any_place_in_the_ring():
    rng = np.random.default_rng(2)
    ring, most, dim, spacing = 5, 9, 3, 0.1
    for _ in range(300):
        kept, first, m = rng.integers(1, ring + 1), rng.integers(ring), rng.uniform(0, 0.5)
        rows, starts = np.full((ring, most, dim), np.nan), np.full(ring, np.nan)
        counts = np.zeros(ring, np.int32)
        chunks = []
        for k in range(kept):
            slot = (first + k) % ring
            counts[slot] = rng.integers(1, most + 1)
            starts[slot] = 0.1 * rng.integers(0, 8) + (0.03 if rng.random() < 0.3 else 0.0)
            rows[slot, : counts[slot]] = rng.normal(0, 1, (counts[slot], dim))
            chunks.append((starts[slot], rows[slot, : counts[slot]]))
        time = 0.1 * rng.integers(0, 14)
        out = np.full(dim, 7.0)
        found = ensemble(
            rows, starts, counts, first, kept, spacing, weights(m, ring), float(time), out
        )
        wanted = reference_ensemble(chunks, m, spacing, time)
        if wanted is None:
            assert found == 0 and (out == 7.0).all()
        else:
            np.testing.assert_allclose(out, wanted, rtol=1e-12, atol=1e-12)


def test_the_player_ensembles_the_chunks_it_has_kept():
    m, chunks = 0.3, []
    player = Player(m=m, kept=3)
    rng = np.random.default_rng(3)
    for _ in range(6):
        time, values = player.now + 0.1, rng.uniform(-0.3, 0.3, 8)
        chunks = [*chunks, (time, values[:, None])][-3:]
        player.give(values, time)
        wanted = reference_ensemble(chunks, m, 0.1, player.now + 0.1)
        assert abs(player.take(100)[-1] - wanted[0]) < 1e-12


def test_a_late_chunk_finds_the_arm_braked_to_a_stand_within_its_limits():
    player = Player()
    player.give(0.1 * np.arange(1, 7))
    player.take(600)
    brake = 0.5 * PANDA.ddq_max[0]
    speed = player.dq[-1]
    assert speed > 0.9 and player.flags[-1] == 0
    coasting = player.take(400)
    velocity = np.array(player.dq[-400:])
    assert np.abs(np.diff(velocity)).max() <= brake / HZ * (1 + 1e-9)
    assert velocity[-1] == 0 and coasting[-1] == coasting[-2]
    assert abs(coasting[-1] - (0.6 + speed**2 / (2 * brake))) < 1e-9
    assert all(flag == FLAG_WAITING for flag in player.flags[-400:])
    player.give(coasting[-1] - 0.02 * np.arange(1, 7))
    player.take(300)
    assert not player.flags[-1] and np.abs(np.diff(player.dq[-301:])).max() < 0.02


def test_coasting_brakes_harder_rather_than_leave_the_position_limits():
    player = Player()
    top = PANDA.q_max[0]
    player.give(top - 0.01 - 0.2 * np.arange(6)[::-1])
    got = player.take(1000)
    assert got.max() <= top and top - got[-1] < 1e-9 and player.dq[-1] == 0
    assert np.abs(np.diff(player.dq[600:])).max() < 1.0


def test_without_coasting_the_path_comes_to_rest_at_its_last_row():
    player = Player(coast=False)
    player.give(0.1 * np.arange(1, 7))
    got = player.take(900)
    assert abs(got[599] - 0.6) < 1e-12 and np.ptp(got[600:]) < 1e-15
    assert player.dq[-1] == 0 and np.abs(np.diff(player.dq)).max() < 0.1


def broken(player, kind):
    """Hand over a chunk that has something wrong with it."""
    player.give(np.linspace(0, 0.5, 8))
    if kind == "nan row":
        player.run.input["rows"][0, 5, 3] = np.nan
    if kind == "infinite gripper":
        player.run.input["rows"][0, 2, 7] = -np.inf
    if kind == "nan time":
        player.run.input["time"] = np.nan
    if kind in ("empty", "too many", "negative"):
        player.run.input["count"] = {"empty": 0, "too many": 17, "negative": -3}[kind]
    if kind == "past":
        player.run.input["time"] = player.now - 5.0


@pytest.mark.parametrize(
    "kind", ["nan row", "infinite gripper", "nan time", "empty", "too many", "negative", "past"]
)
def test_a_broken_chunk_is_refused_with_a_flag_and_the_path_goes_on(kind):
    player, other = Player(m=0.01), Player(m=0.01)
    for each in (player, other):
        each.give(0.02 * np.arange(1, 11))
        each.take(300)
    broken(player, kind)
    np.testing.assert_array_equal(player.take(1), other.take(1))
    assert player.flags[-1] == (FLAG_STALE if kind == "past" else FLAG_NAN)
    np.testing.assert_array_equal(player.take(200), other.take(200))
    assert not any(player.flags[-200:])
    # Nothing of it is in the ring either.
    for each in (player, other):
        each.give(np.full(10, 0.1))
    np.testing.assert_array_equal(player.take(500), other.take(500))


def test_rows_beyond_the_limits_are_moved_there_with_a_flag():
    player = Player()
    player.give(np.linspace(2.0, 4.0, 12))
    got = player.take(1200)
    assert player.flags[0] == FLAG_POSITION and got.max() <= PANDA.q_max[0] + 1e-12


def test_a_player_that_has_never_measured_its_joints_says_so_and_starts_once_it_has():
    player = Player()
    player.run.input["q"][0, 4] = np.nan
    player.give(np.zeros(4))
    assert (player.take(5) == 0).all() and set(player.flags) == {FLAG_SENSOR}
    player.run.input["q"] = PANDA.home
    player.take(1)
    assert not player.flags[-1]
    np.testing.assert_allclose(player.run.output["q_goal"][0], PANDA.home, atol=1e-6)


def test_the_gripper_is_held_or_goes_straight():
    held, straight = Player(), Player(grip_linear=True)
    for player in (held, straight):
        player.run.input["gripper"] = 1.0
        player.give(np.zeros(4))
        player.take(400)
    # The gripper's rows are 0, 1, 0, 1.
    assert held.grip[:99] == [0.0] * 99 and held.grip[100:199] == [1.0] * 99
    times = np.arange(1, 401) / HZ
    line = np.interp(times, np.arange(5) / 10, [1.0, 0.0, 1.0, 0.0, 1.0])
    np.testing.assert_allclose(straight.grip, line, atol=1e-9)


def test_parameters_that_make_no_sense_are_refused_by_name():
    for options, said in (
        ({"row_hz": 0.0}, "row_hz is 0.0"),
        ({"row_hz": 2000.0}, "row_hz is 2000.0"),
        ({"blend_s": -1.0}, "blend_s is -1.0"),
        ({"curve": 5}, "curve is 5"),
    ):
        with pytest.raises(RobotError, match=said):
            chunk_player.params(PANDA, HZ, **options)
    with pytest.raises(RobotError, match="rate_hz is nan"):
        chunk_player.params(PANDA, np.nan)


def test_from_chunk_to_torque_in_one_tick_the_reference_follows_within_limits():
    law = chunked_impedance.controller(7)
    run = law.instance(chunked_impedance.params(PANDA, 500.0))
    rng = np.random.default_rng(4)
    chunk, q, before, last = run.input["player"], PANDA.home.copy(), None, None
    for tick in range(1500):
        chunk["q"], run.input["dq"] = q, 0.0 if before is None else (q - before) * 500
        if tick % 150 == 20:
            chunk["rows"][0, :, :7] = PANDA.home + np.cumsum(rng.uniform(-0.05, 0.05, (16, 7)), 0)
            chunk["time"], chunk["count"] = tick / 500 + 0.1, 16
            chunk["sequence"] += 1
        run.step()
        out = run.output[0]
        assert np.isfinite(out["tau"]).all() and (np.abs(out["tau"]) <= PANDA.tau_max).all()
        assert (np.abs(out["dq_ref"]) <= PANDA.dq_max * (1 + 1e-9)).all()
        if last is not None:
            most = PANDA.ddq_max / 500
            assert (np.abs(out["dq_ref"] - last) <= most * (1 + 1e-6)).all()
        last, before, q = out["dq_ref"].copy(), q, out["q_ref"].copy()
    assert np.abs(out["q_ref"] - out["q_goal"]).max() < 0.05


def test_a_ring_of_one_and_chunks_of_one_row_will_do():
    player = Player(rows=1, kept=1, m=0.01)
    for k in range(10):
        player.give([0.01 * (k + 1)])
        player.take(100)
    assert abs(player.q[-1] - 0.1) < 1e-12 and abs(player.dq[-2] - 0.1) < 1e-3
