"""The report of a run: one HTML file that needs nothing from outside."""

import base64
import html
import io
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from policies.runner import EpisodeResult

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f27;--soft:#667085;--line:#d9dee7;--paper:#fff;
--card:#f6f7f9;--good:#15803d;--bad:#b42318}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--soft:#98a2b3;--line:#353b47;
--paper:#14171c;--card:#1d2129;--good:#4ade80;--bad:#f97066}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:1060px;margin:32px auto;padding:0 20px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 10px}
p,.soft{color:var(--soft)}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:7px 10px;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:13px}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums}.good{color:var(--good);font-weight:600}
.bad{color:var(--bad);font-weight:600}.tiles{display:grid;gap:12px;
grid-template-columns:repeat(auto-fit,minmax(170px,1fr));margin:20px 0}
.tile{background:var(--card);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:24px}.posters{display:grid;gap:12px;
grid-template-columns:repeat(auto-fit,minmax(310px,1fr))}.posters img{width:100%;
border-radius:8px;display:block}.plots{display:grid;gap:10px;
grid-template-columns:repeat(auto-fit,minmax(330px,1fr))}svg{width:100%;height:auto;
background:var(--card);border-radius:8px}svg text{fill:var(--soft);font:11px system-ui}
a{color:inherit}code{background:var(--card);padding:1px 5px;border-radius:4px}
"""
COLOURS = {"measured": "#2563eb", "reference": "#f59e0b", "limit": "#dc2626"}


@dataclass
class Episode:
    """One episode in the report. `trace` holds per-tick arrays q, q_ref, tau, (ticks, n)."""

    number: int
    seed: int
    instruction: str
    success: bool
    seconds: float
    video: str
    note: str = ""
    poster: np.ndarray | None = None
    trace: dict[str, np.ndarray] = field(default_factory=dict)


class Run:
    """What becomes of a run on a board: its episodes, what the board counted, its report."""

    def __init__(self, controller: str, board: str, policy: str, tick_hz: int) -> None:
        self.controller, self.board, self.policy = controller, board, policy
        self.tick_hz = tick_hz
        self.episodes: list[Episode] = []
        self.ticks = self.ticks_differing = self.instructions = 0
        self.tick_wall_s = 0.0
        self._begun = time.monotonic()

    def count(self, emulator: Any) -> None:
        """Add what an emulator counted since its last start."""
        self.ticks += emulator.ticks
        self.ticks_differing += emulator.ticks_differing
        self.instructions += emulator.instructions
        self.tick_wall_s += emulator.wall_s

    def add(self, result: EpisodeResult, video: str, poster: np.ndarray | None, note: str) -> None:
        """Add an episode that came to its end."""
        self.episodes.append(
            Episode(
                len(self.episodes) + 1,
                result.seed,
                result.instruction,
                result.success,
                result.time_s,
                video,
                note,
                poster,
                result.trace,
            )
        )

    def write(self, out: Path, robot: Any) -> dict[str, Any]:
        """Write report.html and result.json into `out`; give the summary."""
        seconds = time.monotonic() - self._begun
        per_tick = self.instructions / self.ticks if self.ticks else 0.0
        rate = self.ticks / self.tick_wall_s if self.tick_wall_s else 0.0
        summary = {
            "episodes": len(self.episodes),
            "successes": sum(episode.success for episode in self.episodes),
            "ticks": self.ticks,
            "ticks_differing": self.ticks_differing,
            "instructions_per_tick": round(per_tick, 1),
            "times_real_time": round(self.ticks / self.tick_hz / seconds, 2),
            "outputs": str(out),
        }
        facts = {
            "controller": f"{self.controller}, a Numba kernel cross-compiled as this run began",
            "board": self.board,
            "ticks run on the board": f"{self.ticks}",
            "ticks that differ from this machine's kernel in any bit": f"{self.ticks_differing}",
            "instructions a tick": f"{per_tick:.0f}",
            "lockstep ticks a second of wall time": f"{rate:.0f}",
            "emulated controller, times real time": f"{rate / self.tick_hz:.1f}",
            "whole run, times real time (films and first build included)": (
                f"{summary['times_real_time']:.2f}"
            ),
            "control rate": f"{self.tick_hz} Hz",
            "policy": self.policy,
        }
        tiles = {
            "episodes succeeded": f"{summary['successes']} of {len(self.episodes)}",
            "ticks on the board": f"{self.ticks}",
            "ticks differing": f"{self.ticks_differing}",
            "instructions a tick": f"{per_tick:.0f}",
        }
        write(
            out / "report.html",
            "Millhand demo",
            "From an instruction to an arm driven by RISC-V firmware.",
            tiles,
            self.episodes,
            facts,
            robot.joint_names,
            np.stack([robot.q_min, robot.q_max], axis=1),
            robot.tau_max,
            self.tick_hz,
        )
        keys = ("seed", "instruction", "success", "seconds", "video", "note")
        rows = [{key: getattr(episode, key) for key in keys} for episode in self.episodes]
        details = {**summary, "board": self.board, "policy": self.policy, "details": rows}
        (out / "result.json").write_text(json.dumps(details, indent=2) + "\n")
        return summary


def write(
    path: Path,
    title: str,
    summary: str,
    tiles: dict[str, str],
    episodes: list[Episode],
    facts: dict[str, str],
    joint_names: tuple[str, ...],
    q_limits: np.ndarray,
    tau_limits: np.ndarray,
    tick_hz: float,
) -> None:
    """Write report.html: tiles, episode table, pictures, joint plots of the first episode, facts.

    `q_limits` (n, 2) rad and `tau_limits` (n,) N m are drawn where the plot comes near them.
    """
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>",
        "<meta name=viewport content='width=device-width'>",
        f"<style>{STYLE}</style><h1>{html.escape(title)}</h1><p>{html.escape(summary)}</p>",
        "<div class=tiles>",
        *(
            f"<div class=tile>{html.escape(k)}<b>{html.escape(v)}</b></div>"
            for k, v in tiles.items()
        ),
        "</div><h2>Episodes</h2><table><tr><th>#<th>instruction<th>result",
        "<th class=n>simulated time",
        "<th class=n>seed<th>video</tr>",
        *map(_row, episodes),
        "</table><h2>How they ended</h2><div class=posters>",
        *map(_poster, episodes),
        "</div>",
    ]
    shown = next((e for e in episodes if e.trace), None)
    if shown is not None:
        parts.append(_plots(shown, joint_names, q_limits, tau_limits, tick_hz))
    parts += [
        "<h2>Controller and emulator</h2><table>",
        *(f"<tr><td>{html.escape(k)}<td class=n>{html.escape(v)}</tr>" for k, v in facts.items()),
        "</table></html>",
    ]
    temporary = path.with_suffix(".part")
    temporary.write_text("\n".join(parts))
    temporary.replace(path)


def _row(episode: Episode) -> str:
    word = "<span class=good>success</span>" if episode.success else "<span class=bad>failed</span>"
    note = f" <span class=soft>{html.escape(episode.note)}</span>" if episode.note else ""
    return (
        f"<tr><td>{episode.number}<td>{html.escape(episode.instruction)}<td>{word}{note}"
        f"<td class=n>{episode.seconds:.1f} s<td class=n>{episode.seed}"
        f"<td><a href='{html.escape(episode.video)}'>{html.escape(episode.video)}</a></tr>"
    )


def _poster(episode: Episode) -> str:
    if episode.poster is None:
        return ""
    data = io.BytesIO()
    Image.fromarray(episode.poster).save(data, "JPEG", quality=82)
    text = base64.b64encode(data.getvalue()).decode()
    alt = html.escape(f"last picture of episode {episode.number}")
    video = html.escape(episode.video)
    return f"<a href='{video}'><img alt='{alt}' src='data:image/jpeg;base64,{text}'></a>"


def _plots(
    episode: Episode,
    names: tuple[str, ...],
    q_limits: np.ndarray,
    tau_limits: np.ndarray,
    tick_hz: float,
) -> str:
    q, reference = np.asarray(episode.trace["q"]), np.asarray(episode.trace["q_ref"])
    tau = np.asarray(episode.trace["tau"])
    worst = np.degrees(np.abs(q - reference).max(axis=0))
    out = [
        f"<h2>Joint tracking, episode {episode.number}</h2>",
        "<p><span style='color:#2563eb'>measured</span>, "
        "<span style='color:#f59e0b'>reference</span>, "
        "<span style='color:#dc2626'>limit</span> where it comes into sight.</p><div class=plots>",
    ]
    for joint, name in enumerate(names):
        lines = {"measured": q[:, joint], "reference": reference[:, joint]}
        head = f"{name}: position, rad (largest error {worst[joint]:.2f} deg)"
        out.append(_svg(head, lines, q_limits[joint], tick_hz))
    for joint, name in enumerate(names):
        limits = np.array([-tau_limits[joint], tau_limits[joint]])
        out.append(_svg(f"{name}: torque, N m", {"measured": tau[:, joint]}, limits, tick_hz))
    return "\n".join([*out, "</div>"])


def _svg(head: str, lines: dict[str, np.ndarray], limits: np.ndarray, tick_hz: float) -> str:
    """Draw lines over time; limits are drawn where they are within half the plot's own span."""
    width, height, left, top, bottom = 360, 150, 44, 24, 20
    values = np.concatenate(list(lines.values()))
    low, high = float(values.min()), float(values.max())
    margin = max(0.5 * (high - low), 1e-3)
    near = [float(x) for x in limits if low - margin <= x <= high + margin]
    low, high = min([low, *near]) - 0.08 * margin, max([high, *near]) + 0.08 * margin
    count = len(next(iter(lines.values())))
    seconds = count / tick_hz

    def y(value: float) -> float:
        return top + (height - top - bottom) * (high - value) / (high - low)

    parts = [
        f"<svg viewBox='0 0 {width} {height}' role=img><text x=8 y=15>{html.escape(head)}</text>"
    ]
    for mark in (low + 0.1 * (high - low), (low + high) / 2, high - 0.1 * (high - low)):
        parts.append(f"<text x={left - 6} y={y(mark) + 4:.1f} text-anchor=end>{mark:.2f}</text>")
    parts.append(f"<text x={left} y={height - 5}>0 s</text>")
    parts.append(f"<text x={width - 8} y={height - 5} text-anchor=end>{seconds:.1f} s</text>")
    for limit in near:
        parts.append(
            f"<line x1={left} x2={width - 8} y1={y(limit):.1f} y2={y(limit):.1f} "
            f"stroke='{COLOURS['limit']}' stroke-dasharray='4 3'/>"
        )
    step = max(1, count // 400)
    for name, line in lines.items():
        xs = left + (width - 8 - left) * np.arange(0, count, step) / max(count - 1, 1)
        points = " ".join(f"{x:.1f},{y(v):.1f}" for x, v in zip(xs, line[::step], strict=True))
        parts.append(
            f"<polyline fill=none stroke='{COLOURS[name]}' stroke-width=1.4 points='{points}'/>"
        )
    return "".join([*parts, "</svg>"])
