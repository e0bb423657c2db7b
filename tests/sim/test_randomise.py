"""Random looks: seeded, each kind by itself, and gone without a trace."""

import numpy as np
import pytest

from sim.env import FloorEnv
from sim.errors import SimError
from sim.randomise import KINDS, Look


@pytest.fixture
def env():
    env = FloorEnv("KitTray", obs_mode="images", renderer="fast")
    env.reset(seed=4)
    yield env
    env.close()


def draw(env, kinds=KINDS, seed=0):
    floor = env.floor
    return Look.draw(np.random.default_rng(seed), kinds, floor.scene, floor.groups())


def pictures(env):
    return np.stack([env.capture(camera, 96, 96) for camera in ("front", "wrist")])


def test_same_seed_same_look_and_none_is_the_scene_again(env):
    before = pictures(env)
    env.floor.apply_look(draw(env, seed=1))
    first = pictures(env)
    env.floor.apply_look(draw(env, seed=2))
    other = pictures(env)
    env.floor.apply_look(draw(env, seed=1))
    assert pictures(env).tobytes() == first.tobytes()
    env.floor.apply_look(None)
    assert pictures(env).tobytes() == before.tobytes()
    for one, two in ((before, first), (first, other)):
        assert (one != two).mean() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_and_does_not_depend_on_the_others(env, kind):
    before = pictures(env)
    alone, all_kinds = draw(env, (kind,)), draw(env)
    env.floor.apply_look(alone)
    assert (pictures(env) != before).any((1, 2, 3)).all()
    assert alone.light == (all_kinds.light if kind == "light" else None)
    assert alone.tints == (all_kinds.tints if kind == "colours" else {})
    assert set(alone.patterns) == ({"bench", "floor"} if kind == "textures" else set())
    for name, camera in alone.cameras.items():
        assert (camera.eye == all_kinds.cameras[name].eye).all()


def test_tints_stay_on_what_a_task_paints_later_and_every_renderer_shows_them():
    seen = []
    for renderer in ("tiny", "fast"):
        env = FloorEnv("KitTray", obs_mode="images", renderer=renderer)
        env.reset(seed=4)
        plain = env.capture("front", 96, 96)
        env.floor.apply_look(Look(tints={"bench": (0.5, 0.5, 0.5), "robot": (1.0, 0.3, 0.3)}))
        env.floor.paint("bench", (0.2, 0.4, 0.8, 1.0))
        seen.append(env.capture("front", 96, 96))
        env.floor.apply_look(None)
        env.floor.paint("bench", tuple(env.floor.scene.fixtures["bench"].colour))
        assert env.capture("front", 96, 96).tobytes() == plain.tobytes()
        env.close()
    assert np.abs(seen[0].astype(float) - seen[1]).mean() < 0.05
    bench = seen[1][-4, 4].astype(float)
    assert bench[2] < 0.62 * 0.8 * 255 and bench[2] > 1.8 * bench[1]


def test_a_moved_camera_is_the_one_that_calibration_describes(env):
    before = env.floor.calibration("front", 96, 96)[1]
    look = draw(env, ("cameras",))
    env.floor.apply_look(look)
    after = env.floor.calibration("front", 96, 96)[1]
    assert np.allclose(after[:3, 3], look.cameras["front"].eye)
    assert np.abs(after - before).max() > 1e-3


def test_what_cannot_be_is_refused_by_name(env):
    with pytest.raises(SimError, match="'weather'.*light, colours, textures, cameras"):
        draw(env, ("weather",))
    tiny = FloorEnv("KitTray", obs_mode="images", renderer="tiny")
    with pytest.raises(SimError, match="'tiny'.*'fast'"):
        tiny.floor.apply_look(draw(tiny, ("textures",)))
    tiny.close()
