"""Reads LeRobotDataset v3.0 roots into memory, ready for training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow.parquet as pq

from policies.errors import PolicyError


@dataclass
class Arrays:
    """All frames of one or several datasets.

    `images`: camera name to uint8 (n, height, width, 3); `columns`: feature name to float32
    (n, dim); `episode` (n,), counted through all roots; `frame` (n,), counted from the start of
    its episode; `task` (n,), an index into `tasks`.
    """

    images: dict[str, np.ndarray]
    columns: dict[str, np.ndarray]
    episode: np.ndarray
    frame: np.ndarray
    task: np.ndarray
    tasks: list[str]
    fps: float

    def __len__(self) -> int:
        return len(self.episode)


def find_roots(roots: str | Path | Sequence[str | Path]) -> list[Path]:
    """Give the dataset roots at or one level below each of `roots`.

    Raises PolicyError where there is none.
    """
    given = [roots] if isinstance(roots, str | Path) else list(roots)
    found: list[Path] = []
    for root in map(Path, given):
        shards = sorted(path.parent.parent for path in root.glob("*/meta/info.json"))
        here = [root] if (root / "meta" / "info.json").exists() else shards
        if not here:
            raise PolicyError(
                f"no dataset in {root}: expected {root / 'meta' / 'info.json'} "
                "or shards one level below"
            )
        found += here
    return found


def load_arrays(roots: str | Path | Sequence[str | Path]) -> Arrays:
    """Read whole datasets into memory: about 55 KB a frame with two 96x96 cameras.

    Raises PolicyError when there is no data, a file is missing or short, or roots differ.
    """
    places = find_roots(roots)
    infos = [json.loads((root / "meta" / "info.json").read_text()) for root in places]
    total = sum(info["total_frames"] for info in infos)
    if total == 0:
        raise PolicyError(f"no frames in {', '.join(map(str, places))}")
    for root, info in zip(places, infos, strict=True):
        _check_info(root, info, infos[0], places[0])
    features = infos[0]["features"]
    videos = [name for name, feature in features.items() if feature["dtype"] == "video"]
    images = {name: np.empty((total, *features[name]["shape"]), np.uint8) for name in videos}
    tables: list[dict[str, np.ndarray]] = []
    tasks: dict[str, int] = {}
    start = episodes = 0
    for root, info in zip(places, infos, strict=True):
        columns = _read_columns(root, info)
        names = pq.read_table(root / "meta" / "tasks.parquet").to_pydict()
        ids = [tasks.setdefault(task, len(tasks)) for task in names["task"]]
        order = dict(zip(names["task_index"], ids, strict=True))
        columns["task_index"] = np.array([order[i] for i in columns["task_index"].tolist()])
        columns["episode_index"] = columns["episode_index"] + episodes
        tables.append(columns)
        for name in videos:
            _read_videos(root, name, images[name][start : start + info["total_frames"]])
        start += info["total_frames"]
        episodes += info["total_episodes"]
    joined = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    vectors = {key: value for key, value in joined.items() if value.ndim == 2}
    return Arrays(
        images={name.removeprefix("observation.images."): images[name] for name in videos},
        columns=vectors,
        episode=joined["episode_index"],
        frame=joined["frame_index"],
        task=joined["task_index"],
        tasks=list(tasks),
        fps=float(infos[0]["fps"]),
    )


def _check_info(root: Path, info: dict[str, Any], first: dict[str, Any], place: Path) -> None:
    if info["codebase_version"] != "v3.0":
        raise PolicyError(f"{root} is a dataset {info['codebase_version']}; this reads v3.0")
    if info["fps"] != first["fps"]:
        raise PolicyError(f"{root} has {info['fps']} frames a second, {place} has {first['fps']}")
    shapes = [
        {key: (f["dtype"], tuple(f["shape"])) for key, f in each["features"].items()}
        for each in (info, first)
    ]
    for key in sorted(set(shapes[0]) | set(shapes[1])):
        if shapes[0].get(key) != shapes[1].get(key):
            raise PolicyError(
                f"feature {key} is {shapes[0].get(key)} in {root} "
                f"but {shapes[1].get(key)} in {place}"
            )


def _read_columns(root: Path, info: dict[str, Any]) -> dict[str, np.ndarray]:
    """Read the data files, as far as info.json counts: a killed writer may leave one more."""
    total = info["total_frames"]
    parts: dict[str, list[np.ndarray]] = {}
    read = 0
    for path in sorted((root / "data").glob("chunk-*/file-*.parquet")):
        if read >= total:
            break
        table = pq.read_table(path)
        for name in table.column_names:
            feature, column = info["features"][name], table[name].combine_chunks()
            dims = int(np.prod(feature["shape"]))
            flat = column.flatten() if dims > 1 else column
            values = np.asarray(flat).reshape((-1, dims) if dims > 1 else (-1,))
            parts.setdefault(name, []).append(values)
        read += table.num_rows
    if read < total:
        raise PolicyError(f"{root} counts {total} frames but its data files hold {read}")
    return {name: np.concatenate(values)[:total] for name, values in parts.items()}


def _read_videos(root: Path, name: str, out: np.ndarray) -> None:
    """Decode the videos of one camera straight into `out` (n, height, width, 3)."""
    read = 0
    for path in sorted((root / "videos" / name).glob("chunk-*/file-*.mp4")):
        if read >= len(out):
            return
        with av.open(str(path)) as container:
            for picture in container.decode(video=0):
                out[read] = picture.to_ndarray(format="rgb24")
                read += 1
                if read == len(out):
                    return
    if read < len(out):
        raise PolicyError(f"videos {name} of {root} hold {read} frames, not {len(out)}")
