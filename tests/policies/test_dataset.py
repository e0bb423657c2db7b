import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import demonstrate

from policies.dataset import FEATURES, DatasetWriter, load_arrays
from policies.errors import PolicyError


def test_reader_gives_back_what_the_writer_took(tmp_path):
    written = demonstrate(tmp_path / "d", 7)
    arrays = load_arrays(tmp_path / "d")
    assert len(arrays) == len(written) == 70
    for name in ("action", "observation.state", "observation.goal_position"):
        expected = np.array([frame[name] for frame in written], np.float32)
        np.testing.assert_array_equal(arrays.columns[name], expected)
    pictures = np.array([frame["observation.images.front"] for frame in written])
    error = np.abs(arrays.images["front"].astype(int) - pictures)
    assert error.mean() < 2 and error.max() < 40
    assert (np.bincount(arrays.episode) == 10).all()
    assert (arrays.frame == np.tile(np.arange(10), 7)).all()


def test_shards_are_joined_with_episodes_and_tasks_counted_through(tmp_path):
    demonstrate(tmp_path / "shard-00", 4, seed=0)
    demonstrate(tmp_path / "shard-01", 3, seed=50)
    arrays = load_arrays(tmp_path)
    assert arrays.episode.max() == 6 and len(set(arrays.tasks)) == len(arrays.tasks)
    alone = load_arrays(tmp_path / "shard-01")
    tail = [arrays.tasks[i] for i in arrays.task[40:]]
    assert tail == [alone.tasks[i] for i in alone.task]
    np.testing.assert_array_equal(arrays.images["wrist"][40:], alone.images["wrist"])


def test_layout_is_lerobot_v3(tmp_path):
    demonstrate(tmp_path / "d", 5, block=2)
    meta = tmp_path / "d" / "meta"
    info = json.loads((meta / "info.json").read_text())
    assert info["codebase_version"] == "v3.0" and info["splits"] == {"train": "0:5"}
    assert set(FEATURES) < set(info["features"])
    rows = pq.read_table(meta / "episodes").sort_by("episode_index").to_pylist()
    assert [row["dataset_from_index"] for row in rows] == [0, 10, 20, 30, 40]
    assert [row["data/file_index"] for row in rows] == [0, 0, 1, 1, 2]
    key = "videos/observation.images.front"
    assert [row[f"{key}/from_timestamp"] for row in rows] == [0, 1, 0, 1, 0]
    for row in rows:
        data = info["data_path"].format(chunk_index=0, file_index=row["data/file_index"])
        table = pq.read_table(tmp_path / "d" / data)
        assert row["episode_index"] in table["episode_index"].to_pylist()
    pandas = json.loads(pq.read_schema(meta / "tasks.parquet").metadata[b"pandas"])
    assert pandas["index_columns"] == ["task"]
    stats = json.loads((meta / "stats.json").read_text())
    assert np.shape(stats["observation.images.front"]["mean"]) == (3, 1, 1)
    actions = load_arrays(tmp_path / "d").columns["action"]
    np.testing.assert_allclose(stats["action"]["mean"], actions.mean(0), atol=1e-5)
    np.testing.assert_allclose(stats["action"]["std"], actions.std(0), atol=1e-5)


def test_interrupted_writer_leaves_whole_episodes(tmp_path):
    frame = {name: np.zeros(f["shape"]) for name, f in FEATURES.items()}
    with pytest.raises(KeyboardInterrupt), DatasetWriter(tmp_path / "d", block=2) as writer:
        for number in range(4):
            for i in range(5):
                if number == 3 and i == 2:
                    raise KeyboardInterrupt
                writer.add_frame(frame)
            writer.end_episode("put it there")
    assert len(load_arrays(tmp_path / "d")) == 15


def test_killed_writer_leaves_what_info_counts(tmp_path):
    demonstrate(tmp_path / "d", 4, block=2)
    info = tmp_path / "d" / "meta" / "info.json"
    counted = json.loads(info.read_text()) | {"total_frames": 20, "total_episodes": 2}
    info.write_text(json.dumps(counted))
    arrays = load_arrays(tmp_path / "d")
    assert len(arrays) == 20 and arrays.episode.max() == 1


def test_bad_frames_and_missing_data_are_refused(tmp_path):
    writer = DatasetWriter(tmp_path / "d")
    good = {name: np.zeros(f["shape"]) for name, f in FEATURES.items()}
    with pytest.raises(PolicyError, match=r"action has shape \(7,\).*\(8,\)"):
        writer.add_frame({**good, "action": np.zeros(7)})
    with pytest.raises(PolicyError, match="differ in extra"):
        writer.add_frame({**good, "extra": 0})
    with pytest.raises(PolicyError, match="no dataset in"):
        load_arrays(tmp_path / "nowhere")
    demonstrate(tmp_path / "e", 2)
    with pytest.raises(PolicyError, match="already holds"):
        DatasetWriter(tmp_path / "e")
    (tmp_path / "e/videos/observation.images.front/chunk-000/file-000.mp4").unlink()
    with pytest.raises(PolicyError, match="images.front .*hold 0 frames, not 20"):
        load_arrays(tmp_path / "e")
