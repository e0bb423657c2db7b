"""The bench of the whole tick measures a tick that does its job."""

import numpy as np

from robots import bench_tick, catalogue


def test_the_tick_that_is_timed_leads_the_tool_round_its_circle_and_allocates_nothing():
    bench = bench_tick.Bench.start()
    times = bench.take(4000)
    assert times.shape == (4000,) and (times > 0).all() and bench.ticks == 4000
    output = bench.instance.output[0]
    assert output["flags"] == 0 and np.isfinite(output["tau"]).all()
    position, _ = catalogue.load("panda").forward(output["q_ref"])
    angle = 2 * np.pi * bench_tick.TURN_HZ * bench.ticks / bench_tick.RATE_HZ
    circle = bench.centre + bench_tick.RADIUS * np.array([np.cos(angle), np.sin(angle), 0.0])
    assert np.abs(position - circle).max() < 0.01
    assert bench.allocations(2000) == 0


def test_a_tick_that_allocates_would_be_counted():
    bench = bench_tick.Bench.start()
    whole = bench.take
    bench.take = lambda ticks: [whole(1) for _ in range(ticks)]  # every call hands arrays over
    assert bench.allocations(50) > 0


def test_the_histogram_counts_every_tick_once_and_shows_single_ones():
    times = np.array([400, 900, 1100, 1200, 70_000, 5_000_000])
    bins = bench_tick.histogram(times)
    assert sum(row["ticks"] for row in bins) == len(times)
    assert bins[0] == {"from_us": 0.0, "to_us": 0.5, "ticks": 1} and bins[-1]["to_us"] is None
    drawn = bench_tick.text(bins).splitlines()
    assert drawn[0].split()[-2:] == ["1", "#"] and drawn[-1].split()[2:] == ["more", "us", "1", "#"]
    assert bench_tick.text(bench_tick.histogram(times[:0])) == ""


def test_cases_say_what_was_measured_against_the_bar():
    found = {case["case"]: case for case in bench_tick.cases(rounds=2, ticks=3000)}
    tail = found["whole control tick, p99.99"]
    assert tail["ratio"] == bench_tick.BAR_US / tail["ours"] and len(tail["rounds"]) == 2
    assert sum(row["ticks"] for row in tail["histogram"]) == 6000 and tail["flags"] == 0
    assert found["allocations in 10,000 ticks"]["ours"] == 0
