"""What an environment's images can show, where its cameras stand, and how looks vary."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim.errors import SimError
from sim.randomise import KINDS


def make(**options):
    options = {"obs_mode": "images", "renderer": "fast", "control_hz": 10, **options}
    return gym.make("millhand/KitTray-v0", **options).unwrapped


def test_all_kinds_of_image_of_any_size_are_in_the_observation():
    kinds = ("rgb", "depth", "segmentation")
    env = make(image_kinds=kinds, image_size=(80, 60), cameras=("front",))
    observation, info = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["images/front"].shape == (60, 80, 3)
    assert observation["depth/front"].shape == observation["segmentation/front"].shape == (60, 80)
    assert "images/wrist" not in observation and set(info["cameras"]) == {"front"}
    seen = observation["segmentation/front"]
    part = seen == env.floor.bodies["gear"]
    assert part.any()
    # The part's place, worked out from its pixels, depth and the camera's calibration.
    camera = info["cameras"]["front"]
    rows, columns = np.nonzero(part)
    pixel = np.array([columns.mean(), rows.mean(), 1.0])
    ahead = np.linalg.inv(camera["intrinsics"]) @ pixel * observation["depth/front"][part].mean()
    place = camera["camera_in_world"] @ np.append(ahead, 1.0)
    assert np.abs(place[:2] - env.floor.pose("gear")[:2]).max() < 0.02
    env.close()


def test_looks_vary_between_episodes_and_change_nothing_else():
    plain, varied = make(), make(randomise=True)
    pictures = []
    for seed in (0, 1):
        (one, _), (other, info) = plain.reset(seed=seed), varied.reset(seed=seed)
        assert all(np.array_equal(one[k], other[k]) for k in one if "/" not in k)
        assert not np.array_equal(one["images/front"], other["images/front"])
        pictures.append(other["images/front"])
    again, _ = varied.reset(seed=1)
    assert np.array_equal(again["images/front"], pictures[1])
    still = info["cameras"]["wrist"]["intrinsics"]
    assert not np.array_equal(still, varied.reset(seed=2)[1]["cameras"]["wrist"]["intrinsics"])
    plain.close()
    varied.close()


def test_each_kind_of_look_alone_changes_the_picture():
    plain = make()
    before = plain.reset(seed=0)[0]["images/front"]
    plain.close()
    for kind in KINDS:
        env = make(randomise=(kind,))
        assert not np.array_equal(env.reset(seed=0)[0]["images/front"], before), kind
        env.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"image_kinds": ("rgb", "heat")}, "'heat'.*rgb, depth, segmentation"),
        ({"randomise": ("sound",)}, "'sound'.*light, colours, textures, cameras"),
        ({"randomise": True, "renderer": "tiny"}, "'tiny' draws no random textures"),
        ({"cameras": ("back",)}, "'back'.*front, wrist"),
        ({"image_size": 0}, "image_size 0"),
        ({"image_size": (96, 9000)}, "9000"),
    ],
)
def test_bad_image_options_name_the_value_and_the_choices(options, says):
    with pytest.raises(SimError, match=says):
        make(**options)
