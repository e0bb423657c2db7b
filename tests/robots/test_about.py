"""What the listing of robots says is so."""

import json

import numpy as np
import pytest

from robots import about, catalogue
from robots.errors import RobotError


@pytest.mark.parametrize("name", catalogue.every())
def test_facts_are_plain_json_and_complete(name):
    row = about.facts(name)
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    tree = catalogue.tree(name)
    assert row["dof"] == row["joints"] + (6 if tree.floating else 0)
    assert row["mass"] > 0 and row["source"] and row["licence"].split("-")[0] in ("Apache", "BSD")
    assert (row["reach"] is None) == (name not in catalogue.names()) == (row["speed"] is not None)
    for values in row["limits"].values():
        assert len(values) == row["joints"] == len(row["joint_names"])


@pytest.mark.parametrize("name", catalogue.names())
def test_reach_is_the_farthest_the_tool_comes(name):
    """Search by coordinates from many postures, each step halved until none helps."""
    arm, rng = catalogue.load(name), np.random.default_rng(0)

    def out(q):
        return np.hypot(*(arm.forward(q)[0] - arm.chain.position[0])[:2])

    best = 0.0
    for _ in range(40):
        q, step = rng.uniform(arm.q_min, arm.q_max), 0.5
        while step > 1e-4:
            tries = [q + way * step * e for e in np.eye(len(q)) for way in (1, -1)]
            tries = [np.clip(x, arm.q_min, arm.q_max) for x in tries]
            better = max(tries, key=out)
            if out(better) > out(q) + 1e-6:
                q = better
            else:
                step /= 2
        best = max(best, out(q))
    assert abs(best - about.ABOUT[name].reach) < 0.001


def test_an_unknown_robot_is_refused():
    with pytest.raises(RobotError, match="did you mean 'xarm6'"):
        about.facts("xarm7")
