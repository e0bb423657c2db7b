"""The main job, once, and what it leaves when it is broken off."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from sim.video import EpisodeVideo

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import millhand; millhand.main()", "demo"]


def emulators_of(parent):
    """Give the process ids of the emulators that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            owner = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if owner == parent and b"qemu-system-riscv" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_demo_leaves_film_report_and_result(tmp_path):
    out = tmp_path / "demo"
    done = subprocess.run(
        [*COMMAND, "--episodes", "1", "--out", str(out), "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    keys = "episodes successes ticks ticks_differing instructions_per_tick times_real_time outputs"
    assert set(result) == set(keys.split())
    assert result["episodes"] == 1 and result["ticks"] > 500
    assert result["ticks_differing"] == 0
    assert result["instructions_per_tick"] > 1000
    kept = json.loads((out / "result.json").read_text())
    assert {key: kept[key] for key in result} == result
    page = (out / "report.html").read_text()
    assert "<svg" in page and "data:image/jpeg;base64," in page
    assert not re.findall(r"(?:src|href)=['\"]?(?:https?:)?//", page)
    for link in re.findall(r"href='([^']+)'", page):
        assert (out / link).is_file()
    with av.open(str(out / "episode-01.mp4")) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert film.streams.video[0].width == 720
    assert frames == result["ticks"] // 50 + 1 + 10


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("kill", "code", "says"), [("self", 130, "stopped"), ("qemu", 2, "QEMU")])
def test_broken_off_demo_keeps_what_was_done_and_leaves_no_emulator(tmp_path, kill, code, says):
    job = subprocess.Popen(
        [*COMMAND, "--episodes", "50", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
    )
    # Not a verdict: only how long to wait for the first film before giving up.
    for _ in range(1200):
        if (tmp_path / "episode-02.mp4").exists() or job.poll() is not None:
            break
        time.sleep(0.1)
    emulators = emulators_of(job.pid)
    assert len(emulators) == 1 and job.poll() is None
    if kill == "self":
        job.send_signal(signal.SIGINT)
    else:
        os.kill(emulators[0], signal.SIGKILL)
    _, err = job.communicate(timeout=60)
    assert job.returncode == code, err
    assert says in err and "Traceback" not in err
    kept = json.loads((tmp_path / "result.json").read_text())
    assert kept["episodes"] >= 1 and kept["ticks_differing"] == 0
    assert (tmp_path / "report.html").exists()
    assert not Path(f"/proc/{emulators[0]}").exists()


def test_video_has_the_frames_it_was_given_and_the_outcome_at_the_end(tmp_path):
    path = tmp_path / "film.mp4"
    front = np.full((480, 480, 3), 90, np.uint8)
    video = EpisodeVideo(path, 10, "a title", "put the red gear in the left slot")
    for k in range(12):
        video.add(front, front[:240, :240], k / 10, success=False)
    video.close("success")
    video.close("failed")
    with av.open(str(path)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == 22
    bar = pictures[-1][470, 600].astype(int)
    assert bar[1] > bar[0] and bar[1] > bar[2]
