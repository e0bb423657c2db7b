"""The infos of many environments are what Gymnasium would make of them."""

import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from sim.infos import Listener, Teller, layout

USUAL = {
    "instruction": "put it there",
    "success": False,
    "flags": 3,
    "goal_position": np.array([1.0, 2.0, 3.0]),
    "cameras": {"front": {"intrinsics": np.eye(3)}},
}


@pytest.fixture
def gymnasium():
    env = VectorEnv()
    env.num_envs = 3
    return env


@pytest.fixture
def through(gymnasium):
    views = {name: np.zeros(shape, dtype) for name, shape, dtype in layout(USUAL, 3)}
    tellers = [Teller(views, [0, 1]), Teller(views, [2])]
    listener = Listener(views, 3, gymnasium._add_info)

    def tell(infos):
        news = [tellers[0].tell(0, infos[0]), tellers[0].tell(1, infos[1])]
        news.append(tellers[1].tell(0, infos[2]))
        for i, told in enumerate(news):
            if told is not None:
                listener.hear(i, told)
        return listener.infos(), news

    return tell


def same(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        if isinstance(value, dict):
            same(value, other[key])
        else:
            assert value.dtype == other[key].dtype, key
            assert repr(value) == repr(other[key]), key


def expected(gymnasium, infos):
    found = {}
    for i, info in enumerate(infos):
        found = gymnasium._add_info(found, info, i)
    return found


def test_usual_infos_are_gymnasiums(gymnasium, through):
    infos = [{**USUAL, "flags": i, "instruction": f"part {i}"} for i in range(3)]
    same(through(infos)[0], expected(gymnasium, infos))


def test_a_text_is_told_only_when_it_changes(through):
    assert all(told is not None for told in through([USUAL] * 3)[1])
    assert through([USUAL] * 3)[1] == [None] * 3
    infos, news = through([USUAL, {**USUAL, "instruction": "another"}, USUAL])
    assert [told is not None for told in news] == [False, True, False]
    assert infos["instruction"].tolist() == ["put it there", "another", "put it there"]


@pytest.mark.parametrize(
    "other",
    [
        {**USUAL, "final_info": {"success": True}, "final_obs": {"q": np.zeros(7)}},
        {key: value for key, value in USUAL.items() if key != "success"},
        {**USUAL, "stage": "loaded"},
        {**USUAL, "stage": 4},
        {**USUAL, "goal_position": np.zeros(2, np.float32)} | {"flags": 9},
    ],
)
def test_infos_of_another_form_are_gymnasiums_too(gymnasium, through, other):
    infos = [other] * 3 if other["goal_position"].shape == (2,) else [USUAL, other, USUAL]
    through([USUAL] * 3)
    same(through(infos)[0], expected(gymnasium, infos))
    same(through([USUAL] * 3)[0], expected(gymnasium, [USUAL] * 3))


def test_what_was_given_stays_as_it_was(through):
    first, _ = through([USUAL] * 3)
    through([{**USUAL, "flags": 7, "instruction": "later"}] * 3)
    assert first["flags"].tolist() == [3, 3, 3]
    assert first["instruction"].tolist() == ["put it there"] * 3
