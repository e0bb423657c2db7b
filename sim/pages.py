"""The tasks' pages: their specifications, pictures and the experts' record, into docs/tasks.md."""

import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sim import tasks
from sim.env import FloorEnv
from sim.errors import SimError
from sim.tasks.task import Task

BEGIN, END = "<!-- tasks: begin -->", "<!-- tasks: end -->"
SECTION = re.compile(r"^([A-Z][a-z]+(?:, [a-z]+)*): ")
SIZE = 480
TILE = 240
PICTURE_SHARE = 0.45


def write(page: Path, record: Path, pictures: bool, tell: Callable[[str], None]) -> None:
    """Renew the part of a page between its two marks; `tell` hears each task's name.

    `record` is a file of JSON lines as `millhand eval --log` writes them. With `pictures` those
    are drawn anew too, into a folder named like the page, with a sheet of all. Raises SimError
    for a page without marks.
    """
    text = page.read_text()
    if BEGIN not in text or END not in text:
        raise SimError(f"{page} has no lines {BEGIN} and {END} to write between")
    rows = read_record(record)
    folder = page.with_suffix("")
    parts, tiles = [overview(rows)], []
    for name in tasks.names():
        tell(name)
        file = folder / f"{tasks.module(name)}.jpg"
        if pictures:
            folder.mkdir(exist_ok=True)
            image = Image.fromarray(picture(name))
            image.save(file, quality=88)
            tiles.append(np.asarray(image.crop((0, 0, SIZE, SIZE)).resize((TILE, TILE))))
        parts.append(section(name, f"{folder.name}/{file.name}", rows))
    if pictures:
        half = -(-len(tiles) // 2)
        tiles += [np.full_like(tiles[0], 255)] * (2 * half - len(tiles))
        sheet = np.vstack([np.hstack(tiles[:half]), np.hstack(tiles[half:])])
        Image.fromarray(sheet).save(folder / "all.jpg", quality=88)
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(before + BEGIN + "\n\n" + "\n".join(parts) + "\n" + END + after)


def read_record(record: Path) -> list[dict[str, Any]]:
    """Read the experts' rows; the last of a task, robot and options counts."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    if record.exists():
        for line in record.read_text().splitlines():
            row = json.loads(line)
            if row["policy"] == "expert":
                rows[row["task"], row["robot"], json.dumps(row.get("options", {}))] = row
    return list(rows.values())


def overview(rows: Iterable[dict[str, Any]]) -> str:
    """Give the table of all tasks: what for, how hard, and the expert's record on every robot."""
    lines = ["| task | goal | difficulty | robots: expert's successes |", "|---|---|---|---|"]
    for name in tasks.names():
        scores = []
        for robot in tasks.robots(name):
            found = [r for r in rows if (r["task"], r["robot"]) == (name, robot)]
            plain = [r for r in found if not r.get("options")]
            scores.append(f"{robot} {score(plain[0]) if plain else '(not measured)'}")
        link = f"[`{name}`](#{name.lower()})"
        goal, hard = tasks.summary(name), tasks.difficulty(name)
        lines.append(f"| {link} | {goal} | {hard} | {'; '.join(scores)} |")
    return "\n".join(lines) + "\n"


def score(row: dict[str, Any]) -> str:
    """Give a row's successes, for example "198/200 (97 to 100%)"."""
    low, high = (round(100 * share) for share in row["wilson95"])
    return f"{row['successes']}/{row['episodes']} ({low} to {high}%)"


def section(name: str, picture: str, rows: Iterable[dict[str, Any]]) -> str:
    """Give one task's part of the page."""
    task = tasks.make(name, {})
    lines = [f"## {name}", "", f"![{tasks.summary(name)}]({picture})", "", *specification(task), ""]
    lines.append(f"- **Cameras**: {', '.join(f'`{c}`' for c in task.scene.cameras)}")
    choices = {key: ", ".join(map(str, values)) for key, values in task.choices().items()}
    if choices:
        told = "; ".join(f"`{key}`: {values}" for key, values in choices.items())
        lines.append(f"- **Reset options**: {told}; `instruction`: any text to show instead")
    lines.append(f"- **Options**: {options(task)}")
    asked = [r for r in rows if r["task"] == name and r.get("options")]
    if asked:
        lines += ["", "| expert with | robot | successes |", "|---|---|---|"]
        for row in asked:
            told = ", ".join(f"`{key}={value}`" for key, value in row["options"].items())
            lines.append(f"| {told} | {row['robot']} | {score(row)} |")
    return "\n".join(lines) + "\n"


def specification(task: Task) -> list[str]:
    """Give the lines of a task's docstring, a list item for each of its sections."""
    lines = []
    for line in (inspect.getdoc(type(task)) or "").splitlines():
        head = SECTION.match(line)
        lines.append(SECTION.sub(lambda m: f"- **{m[1]}**: ", line) if head else line)
    return lines


def options(task: Task) -> str:
    """Give what the task's constructor takes, with the defaults."""
    found = inspect.signature(type(task)).parameters.values()
    return ", ".join(f"`{p.name}={p.default!r}`" for p in found)


def picture(name: str) -> np.ndarray:
    """Draw the expert at work, (480, 960, 3): the scene's first two cameras."""
    kind = tasks.load(name)
    env = FloorEnv(
        name, render_mode="rgb_array", control_mode=kind.expert_mode, control_hz=kind.expert_hz
    )
    try:
        steps, done = 0, False
        env.reset(seed=0)
        while not done:
            _, _, _, truncated, info = env.step(env.expert().act())
            steps, done = steps + 1, truncated or info["success"]
        env.reset(seed=0)
        for _ in range(int(PICTURE_SHARE * steps)):
            env.step(env.expert().act())
        cameras = list(env.floor.scene.cameras)[:2]
        shots = [env.capture(camera, SIZE, SIZE, shadow=True) for camera in cameras]
        return np.concatenate(shots, axis=1)
    finally:
        env.close()
