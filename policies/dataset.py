"""Writes demonstrations as a LeRobotDataset v3.0: parquet tables and MP4 videos.

Episodes are gathered in memory and written a block at a time, one data file and one video a
camera for each block. `meta/info.json` is replaced, atomically, after the files that it counts:
whatever kills the writer, what it counts is whole. Several writers write several roots
(`root/shard-00`, ...), each a dataset of its own; `load_arrays` reads them as one.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from policies.dataset_reader import Arrays, load_arrays
from policies.dataset_stats import RunningStats
from policies.errors import PolicyError

__all__ = ["FEATURES", "Arrays", "DatasetWriter", "load_arrays"]

_STATE = [f"q{i}" for i in range(1, 8)] + ["gripper"]
_POSE = ["x", "y", "z", "qx", "qy", "qz", "qw"]
_IMAGE = {"dtype": "video", "shape": [96, 96, 3], "names": ["height", "width", "channels"]}
FEATURES: dict[str, dict[str, Any]] = {
    "observation.state": {"dtype": "float32", "shape": [15], "names": _STATE + _POSE},
    "action": {"dtype": "float32", "shape": [8], "names": [*_POSE, "gripper"]},
    "observation.images.front": _IMAGE,
    "observation.images.wrist": _IMAGE,
    "observation.target_position": {"dtype": "float32", "shape": [3], "names": ["x", "y", "z"]},
    "observation.goal_position": {"dtype": "float32", "shape": [3], "names": ["x", "y", "z"]},
}
_INDEX = {
    "timestamp": {"dtype": "float32", "shape": [1], "names": None},
    "frame_index": {"dtype": "int64", "shape": [1], "names": None},
    "episode_index": {"dtype": "int64", "shape": [1], "names": None},
    "index": {"dtype": "int64", "shape": [1], "names": None},
    "task_index": {"dtype": "int64", "shape": [1], "names": None},
}
_ENCODER = {"crf": "12", "preset": "veryfast", "g": "10"}
CHUNK = 1000


class DatasetWriter:
    """Writes one dataset root; use it as a context manager, or call `finalize`.

    `features` as in LeRobot's info.json: `{name: {"dtype", "shape", "names"}}`, where dtype is
    `video` or a NumPy name. Raises PolicyError when `root` already holds a dataset, or for a
    frame that does not fit the features.
    """

    def __init__(
        self,
        root: str | Path,
        fps: int = 10,
        features: Mapping[str, Mapping[str, Any]] = FEATURES,
        robot_type: str = "panda",
        block: int = 20,
    ) -> None:
        self.root, self.fps, self.block = Path(root), fps, block
        self.features = {name: dict(feature) for name, feature in features.items()}
        self.robot_type = robot_type
        self.episodes = self.frames = self._files = 0
        self._tasks: dict[str, int] = {}
        self._frame_buffer: list[dict[str, np.ndarray]] = []
        self._pending: list[tuple[str, list[dict[str, np.ndarray]]]] = []
        self._stats = {name: RunningStats() for name in (*self.features, *_INDEX)}
        if (self.root / "meta" / "info.json").exists():
            raise PolicyError(f"{self.root} already holds a dataset; choose a new folder")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.finalize()

    def add_frame(self, frame: Mapping[str, Any]) -> None:
        """Add one frame of the episode under way: one value for each feature."""
        wrong = set(frame) ^ set(self.features)
        if wrong:
            raise PolicyError(
                f"frame and features differ in {', '.join(sorted(wrong))}; "
                f"the features are {', '.join(self.features)}"
            )
        checked = {}
        for name, feature in self.features.items():
            dtype = "uint8" if feature["dtype"] == "video" else feature["dtype"]
            value = np.array(frame[name], dtype)
            if value.shape != tuple(feature["shape"]):
                raise PolicyError(
                    f"{name} has shape {value.shape}; the dataset takes {tuple(feature['shape'])}"
                )
            checked[name] = value
        self._frame_buffer.append(checked)

    def end_episode(self, task: str, keep: bool = True) -> None:
        """Close the episode under way, with its instruction; `keep=False` drops its frames."""
        frames, self._frame_buffer = self._frame_buffer, []
        if not keep or not frames:
            return
        self._pending.append((task, frames))
        if len(self._pending) >= self.block:
            self._flush()

    def finalize(self) -> None:
        """Write the episodes still in memory; an episode not ended is dropped."""
        self._frame_buffer = []
        self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        chunk, file = divmod(self._files, CHUNK)
        place = f"chunk-{chunk:03d}/file-{file:03d}"
        columns: dict[str, list[np.ndarray]] = {name: [] for name in (*self.features, *_INDEX)}
        rows: list[dict[str, Any]] = []
        block_start = self.frames
        for task, frames in pending:
            rows.append(self._episode(task, frames, columns, chunk, file, block_start))
        joined = {name: np.concatenate(parts) for name, parts in columns.items()}
        for name, values in joined.items():
            self._stats[name].update(values, image=self._is_video(name))
            if self._is_video(name):
                encode_video(self.root / "videos" / name / f"{place}.mp4", values, self.fps)
        table = {
            name: _column(values, {**self.features, **_INDEX}[name])
            for name, values in joined.items()
            if not self._is_video(name)
        }
        _write_table(pa.table(table), self.root / "data" / f"{place}.parquet")
        _write_table(
            pa.Table.from_pylist(rows), self.root / "meta" / "episodes" / f"{place}.parquet"
        )
        self._files += 1
        self._write_meta()

    def _episode(
        self,
        task: str,
        frames: list[dict[str, np.ndarray]],
        columns: dict[str, list[np.ndarray]],
        chunk: int,
        file: int,
        block_start: int,
    ) -> dict[str, Any]:
        """Append one episode to `columns` and give its row of meta/episodes."""
        n, start = len(frames), self.frames
        task_index = self._tasks.setdefault(task, len(self._tasks))
        for name in self.features:
            columns[name].append(np.stack([frame[name] for frame in frames]))
        count = np.arange(n)
        columns["timestamp"].append((count / self.fps).astype(np.float32))
        columns["frame_index"].append(count)
        columns["episode_index"].append(np.full(n, self.episodes))
        columns["index"].append(start + count)
        columns["task_index"].append(np.full(n, task_index))
        row: dict[str, Any] = {
            "episode_index": self.episodes,
            "tasks": [task],
            "length": n,
            "data/chunk_index": chunk,
            "data/file_index": file,
            "dataset_from_index": start,
            "dataset_to_index": start + n,
            "meta/episodes/chunk_index": chunk,
            "meta/episodes/file_index": file,
        }
        for name in filter(self._is_video, self.features):
            row[f"videos/{name}/chunk_index"] = chunk
            row[f"videos/{name}/file_index"] = file
            row[f"videos/{name}/from_timestamp"] = (start - block_start) / self.fps
            row[f"videos/{name}/to_timestamp"] = (start - block_start + n) / self.fps
        self.episodes += 1
        self.frames += n
        return row

    def _is_video(self, name: str) -> bool:
        return name in self.features and self.features[name]["dtype"] == "video"

    def _write_meta(self) -> None:
        meta = self.root / "meta"
        _write_tasks(meta / "tasks.parquet", self._tasks)
        stats = {name: running.summary() for name, running in self._stats.items()}
        _write_json(meta / "stats.json", stats)
        features = {**self.features, **_INDEX}
        for name in filter(self._is_video, self.features):
            height, width, channels = self.features[name]["shape"]
            info = {"height": height, "width": width, "codec": "h264", "pix_fmt": "yuv444p"}
            info |= {"is_depth_map": False, "fps": self.fps, "channels": channels}
            features[name] = {
                **self.features[name],
                "info": {f"video.{key}": value for key, value in info.items()}
                | {"has_audio": False},
            }
        place = "chunk-{chunk_index:03d}/file-{file_index:03d}"
        info_json = {
            "codebase_version": "v3.0",
            "robot_type": self.robot_type,
            "total_episodes": self.episodes,
            "total_frames": self.frames,
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNK,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": self.fps,
            "splits": {"train": f"0:{self.episodes}"},
            "data_path": f"data/{place}.parquet",
            "video_path": f"videos/{{video_key}}/{place}.mp4",
            "features": features,
        }
        _write_json(meta / "info.json", info_json)


def encode_video(path: Path, frames: np.ndarray, fps: int) -> None:
    """Write uint8 `frames` (n, height, width, 3) as nearly lossless H.264 without chroma loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options=dict(_ENCODER))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv444p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _column(values: np.ndarray, feature: Mapping[str, Any]) -> pa.Array:
    kind = pa.from_numpy_dtype(np.dtype(feature["dtype"]))
    flat = pa.array(values.reshape(-1), kind)
    if values.ndim == 1:
        return flat
    return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(values.shape[1:])))


def _write_tasks(path: Path, tasks: dict[str, int]) -> None:
    """Write task_index by task, the task as the index that pandas sees."""
    table = pa.table({"task_index": list(tasks.values()), "task": list(tasks)})
    columns = [
        {"name": "task_index", "field_name": "task_index", "pandas_type": "int64"},
        {"name": "task", "field_name": "task", "pandas_type": "unicode"},
    ]
    numpy_types = ("int64", "object")
    for column, numpy_type in zip(columns, numpy_types, strict=True):
        column |= {"numpy_type": numpy_type, "metadata": None}  # type: ignore[dict-item]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns}
    _write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def _write_table(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    pq.write_table(table, temporary)
    os.replace(temporary, path)


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(value, indent=2))
    os.replace(temporary, path)
