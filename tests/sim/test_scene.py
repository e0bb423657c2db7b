"""Scenes, tasks and cameras as data."""

import numpy as np
import pytest

from sim import scene, tasks
from sim.cameras import Camera
from sim.errors import SimError
from sim.tasks.kit_tray import TEMPLATES, KitTray


def test_kit_tray_scene_has_three_slots_and_two_cameras():
    loaded = scene.Scene.load("kit_tray")
    assert set(loaded.tray.slots) == {"left", "middle", "right"}
    assert loaded.tray.slots["left"][1] > loaded.tray.slots["right"][1]
    assert set(loaded.cameras) == {"front", "wrist"}


def test_zone_that_reaches_into_the_tray_is_refused(tmp_path, monkeypatch):
    text = (scene.HERE / "scenes/kit_tray.toml").read_text()
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/bad.toml").write_text(text.replace("high = [0.50", "high = [0.62"))
    monkeypatch.setattr(scene, "HERE", tmp_path)
    with pytest.raises(SimError, match=r"zone.high\[0\] = 0.62"):
        scene.Scene.load("bad")


def test_unknown_task_suggests_the_nearest():
    with pytest.raises(SimError, match="did you mean 'KitTray'"):
        tasks.resolve("KitTry")


def test_layouts_keep_their_spacing_and_instructions_their_words():
    task = KitTray()
    seen = set()
    for seed in range(60):
        layout = task.reset(np.random.default_rng(seed))
        places = np.array([pose[:2] for pose, _ in layout.values()])
        apart = np.hypot(*(places[:, None] - places[None]).T) + np.eye(len(places))
        assert apart.min() >= task.scene.spacing
        assert len({colour for _, colour in layout.values()}) == len(layout)
        assert task.part in task.instruction and task.slot in task.instruction
        assert layout[task.part][1] in task.instruction
        seen.add((task.part, task.slot))
    assert len(seen) == 12
    assert len(TEMPLATES) >= 6


def test_success_needs_the_right_part_in_the_right_slot_released():
    task = KitTray(sparse=True)
    layout = task.reset(np.random.default_rng(0), part="gear", slot="left")
    poses = {part: pose for part, (pose, _) in layout.items()}
    tool = np.array([0.5, 0, 0.3, 1, 0, 0, 0])
    slots = task.scene.tray.slots

    def put(part, slot, gripper=1.0, turn=0.0):
        quaternion = [np.sin(turn / 2), 0, 0, np.cos(turn / 2)]
        there = np.array([*slots[slot], *quaternion])
        return task.update({**poses, part: there}, tool, gripper)

    assert put("gear", "left").success and put("gear", "left").value == 1.0
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
