"""Films of episodes: two cameras side by side, with what was asked and how it went."""

import textwrap
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
import gymnasium as gym
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LARGE, SMALL = 480, 240
WIDTH, HEIGHT = LARGE + SMALL, LARGE
INK, PAPER, GREY = (240, 242, 245), (22, 25, 31), (150, 158, 170)
STATES = {"running": (90, 150, 240), "success": (60, 190, 110), "failed": (230, 90, 80)}
HOLD_SECONDS = 1.0


class EpisodeVideo:
    """Writes one MP4 (H.264). Use as a context manager; `close` finishes the file.

    `captions` name what the large and the small picture show.
    """

    def __init__(
        self,
        path: Path,
        fps: int,
        title: str,
        instruction: str,
        captions: tuple[str, str] = ("front camera", "wrist camera"),
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.captions = captions
        self.path, self.fps, self.title, self.instruction = path, fps, title, instruction
        self.frames = 0
        self.poster: np.ndarray | None = None
        self._last: tuple[np.ndarray, np.ndarray, float] | None = None
        self._container = av.open(str(path), "w", options={"movflags": "faststart"})
        self._stream = self._container.add_stream(
            "libx264", rate=fps, options={"crf": "23", "preset": "veryfast"}
        )
        self._stream.width, self._stream.height = WIDTH, HEIGHT
        self._stream.pix_fmt = "yuv420p"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close("failed")

    def add(self, large: np.ndarray, small: np.ndarray, time_s: float, success: bool) -> None:
        """Add a frame: a large and a small picture, each square, (n, n, 3) uint8."""
        self._last = (large, small, time_s)
        self._write(self._compose(large, small, time_s, "success" if success else "running"))

    def close(self, state: str) -> None:
        """Hold the last picture for a second with the outcome on it, and finish the file."""
        if self._container is None:
            return
        container, self._container = self._container, None
        if self._last is not None:
            self.poster = self._compose(*self._last, state)
            for _ in range(int(self.fps * HOLD_SECONDS)):
                self._write(self.poster, container)
            container.mux(self._stream.encode())
        container.close()

    def _write(
        self, picture: np.ndarray, container: "av.container.OutputContainer | None" = None
    ) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        (container or self._container).mux(self._stream.encode(frame))
        self.frames += 1

    def _compose(
        self, large: np.ndarray, small: np.ndarray, time_s: float, state: str
    ) -> np.ndarray:
        sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        sheet.paste(Image.fromarray(large).resize((LARGE, LARGE)), (0, 0))
        sheet.paste(Image.fromarray(small).resize((SMALL, SMALL)), (LARGE, 0))
        draw = ImageDraw.Draw(sheet)
        fine, bold = ImageFont.load_default(13), ImageFont.load_default(19)
        draw.text((LARGE - 8, LARGE - 22), self.captions[0], INK, fine, anchor="ra")
        draw.text((WIDTH - 8, SMALL - 22), self.captions[1], INK, fine, anchor="ra")
        left, line = LARGE + 14, SMALL + 14
        draw.text((left, line), self.title, GREY, fine)
        line += 26
        for text in textwrap.wrap(self.instruction, 22):
            draw.text((left, line), text, INK, bold)
            line += 24
        draw.text((left, HEIGHT - 58), f"{time_s:5.1f} s simulated", GREY, fine)
        draw.rectangle((LARGE, HEIGHT - 34, WIDTH, HEIGHT), STATES[state])
        draw.text((LARGE + SMALL // 2, HEIGHT - 17), state, (255, 255, 255), bold, anchor="mm")
        return np.asarray(sheet)


class Film(gym.Wrapper[Any, Any, Any, Any]):
    """Films every episode of a floor environment: episode-01.mp4 and so on, in `folder`.

    The scene's first camera is the large picture, its second one (or the first) the small one.
    `path` and `poster` are those of the latest film: its file, and its last picture (480, 720,
    3), there once `finish` was called. The next reset, `close` and an episode's end also finish
    a film; one that is broken off is marked as failed.
    """

    def __init__(self, env: gym.Env[Any, Any], folder: Path) -> None:
        super().__init__(env)
        self.folder, self.number = Path(folder), 0
        self._floor = cast(Any, env.unwrapped)
        known: list[str] = list(self._floor.floor.scene.cameras)
        self.cameras = known[0], known[1] if len(known) > 1 else known[0]
        self._video: EpisodeVideo | None = None
        self._success = False

    @property
    def path(self) -> Path:
        """The latest film's file."""
        return self.folder / f"episode-{self.number:02d}.mp4"

    @property
    def poster(self) -> np.ndarray | None:
        """The latest film's last picture; None while it runs."""
        return self._video.poster if self._video else None

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        """Start an episode and its film."""
        self.finish()
        observation, info = self.env.reset(**options)
        self.number += 1
        seed = options.get("seed")
        title = type(self._floor.task).__name__ + ("" if seed is None else f", layout {seed}")
        captions = f"{self.cameras[0]} camera", f"{self.cameras[1]} camera"
        fps, text = self._floor.control_hz, info["instruction"]
        self._video = EpisodeVideo(self.path, fps, title, text, captions)
        self._seconds = 0.0
        self._shoot(info)
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step and a picture."""
        found = self.env.step(action)
        self._seconds += 1 / self._floor.control_hz
        self._shoot(found[4])
        if found[2] or found[3]:
            self.finish()
        return found

    def finish(self) -> None:
        """End the film with the outcome on it."""
        if self._video is not None:
            self._video.close("success" if self._success else "failed")

    def close(self) -> None:
        """Finish the film and close the environment."""
        self.finish()
        self.env.close()

    def _shoot(self, info: dict[str, Any]) -> None:
        assert self._video is not None
        self._success = bool(info["success"])
        large = self._floor.capture(self.cameras[0], LARGE, LARGE)
        small = self._floor.capture(self.cameras[1], SMALL, SMALL)
        self._video.add(large, small, self._seconds, self._success)
