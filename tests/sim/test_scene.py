"""Scenes, tasks and cameras as data."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim import scene, tasks
from sim.cameras import Camera
from sim.errors import SimError
from sim.tasks.kit_tray import TEMPLATES, KitTray


@pytest.fixture
def kit_tray():
    env = gym.make("millhand/KitTray-v0").unwrapped
    yield env
    env.close()


def write(tmp_path, old, new):
    """Write KitTray's scene with one text replaced; give its path."""
    text = (scene.HERE / "scenes/kit_tray.toml").read_text()
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new))
    return str(path)


def test_kit_tray_has_three_slots_and_two_cameras():
    task = KitTray()
    assert set(task.tray.slots) == {"left", "middle", "right"}
    assert task.tray.slots["left"][1] > task.tray.slots["right"][1]
    assert set(task.scene.cameras) == {"front", "wrist"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("high = [0.50", "high = [0.62", r"zone.high\[0\] = 0.62"),
        ('"bolt"', '"sprocket"', "unknown part 'sprocket'.*gear, bolt"),
        ("position = [0.5, 0.0, -0.80]", "position = [0.5, 0.0, -0.03]", "'bench' and 'floor'"),
        ("size = [1.10, 1.30, 0.05]", "size = [1.10, 1.30]", "fixtures.bench.size"),
        ("size = [1.10, 1.30, 0.05]", "size = [1.10, 1.30, nan]", "finite"),
        ("[fixtures.bench]", "[fixtures.bench", "not valid TOML"),
        ("[tray]", "[shelf]", r"no table \[tray\]"),
        ("fov_deg = 38.0", "", "fov_deg"),
    ],
)
def test_bad_scene_is_refused_by_name(tmp_path, old, new, says):
    with pytest.raises(SimError, match=says):
        KitTray(scene=write(tmp_path, old, new))


def test_unknown_scene_names_those_there_are():
    with pytest.raises(SimError, match="kit_tray"):
        scene.Scene.load("kit_trey")


def test_unknown_task_suggests_the_nearest():
    with pytest.raises(SimError, match="did you mean 'KitTray'"):
        tasks.resolve("KitTry")


def test_layouts_keep_their_spacing_and_instructions_their_words(kit_tray):
    task = kit_tray.task
    seen = set()
    for seed in range(60):
        _, info = kit_tray.reset(seed=seed)
        places = np.array([kit_tray.floor.pose(name)[:2] for name in task.present])
        apart = np.hypot(*(places[:, None] - places[None]).T) + np.eye(len(places))
        assert apart.min() >= task.spacing - 1e-6
        assert len(set(task.colours.values())) == len(task.present) == 4
        assert task.part in task.instruction and task.slot in task.instruction
        assert task.colours[task.part] in task.instruction
        seen.add((task.part, task.slot))
    assert len(seen) == 12
    assert len(TEMPLATES) >= 6


def test_crowded_layouts_have_distractors_and_no_twin():
    env = gym.make("millhand/KitTray-v0", parts=(3, 8)).unwrapped
    task, counts = env.task, set()
    for seed in range(40):
        env.reset(seed=seed)
        looks = [(task.pool[name], task.colours[name]) for name in task.present]
        kind, colour = looks[task.row]
        assert looks.count((kind, colour)) == 1
        assert any(k == kind and c != colour for k, c in looks)
        assert any(k != kind and c == colour for k, c in looks)
        assert kind in task.instruction and colour in task.instruction
        counts.add(len(looks))
    assert counts == set(range(3, 9))
    env.close()


def test_parts_outside_three_to_eight_are_refused():
    with pytest.raises(SimError, match="parts=9.*3 to 8"):
        KitTray(parts=9)


def test_success_needs_the_right_part_in_the_right_slot_released(kit_tray):
    task, floor = kit_tray.task, kit_tray.floor
    kit_tray.reset(seed=0, options={"part": "gear", "slot": "left"})
    home = {name: floor.pose(name) for name in task.present}

    def put(part, slot, gripper=1.0, turn=0.0):
        for name, pose in home.items():
            floor.place(name, pose)
        x, y, z = task.tray.slots[slot]
        floor.place(part, np.array([x, y, z, np.sin(turn / 2), 0, 0, np.cos(turn / 2)]))
        kit_tray.rig.gripper = gripper
        return task.update()

    assert put("gear", "left").success and put("gear", "left").value > 0.5
    assert not put("gear", "right").success
    assert not put("bolt", "left").success
    assert not put("gear", "left", gripper=0.3).success
    assert not put("gear", "left", turn=1.2).success


def test_camera_projects_its_target_to_the_middle():
    camera = Camera("c", np.array([1.0, 0, 1]), np.zeros(3), np.array([0, 0, 1.0]), 40)
    view = np.array(camera.view(np.zeros(3), np.eye(3))).reshape(4, 4).T
    projection = np.array(camera.projection(96, 96)).reshape(4, 4).T
    clip = projection @ view @ np.array([0, 0, 0, 1.0])
    assert np.allclose(clip[:2] / clip[3], 0, atol=1e-9)
