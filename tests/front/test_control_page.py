"""What docs/control.md says about a controller of one's own is what happens."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PART = (ROOT / "docs" / "control.md").read_text().partition("## A controller of your own")[2]
PART = PART.partition("\n## ")[0]
LAW, PYTHON = re.findall(r"```python\n(.*?)```", PART, re.DOTALL)
COMMANDS = [
    line.split()[1:]
    for block in re.findall(r"```\n(millhand.*?)```", PART, re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("mine")
    (place / "my_law.py").write_text(LAW)
    return place


def run(folder, program, *words):
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DISPLAY": ""},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()


def test_the_law_has_forty_lines_and_the_page_has_every_stage():
    assert sum(bool(line.strip()) for line in LAW.splitlines()) <= 40
    assert [words[0] for words in COMMANDS] == ["eval", "watch", "build", "emulate", "eval"]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_does_what_the_page_says(folder, words):
    program = "import millhand; millhand.main()"
    result = json.loads(run(folder, program, *words, "--json")[-1])
    assert "my_law.py" in words
    if words[0] == "eval":
        assert result["successes"] == result["episodes"] > 0
    if words[0] == "watch":
        assert result["episodes"][0]["success"]
    if words[0] == "build":
        assert (folder / result["elf"]).read_bytes()[:4] == b"\x7fELF"
    if words[0] == "emulate" or "--board" in words and words[0] == "eval":
        assert result["ticks_differing"] == 0


def test_host_and_board_move_the_arm_alike(folder):
    wide = "import numpy\nnumpy.set_printoptions(linewidth=300, precision=17)\n"
    host, board = run(folder, wide + PYTHON)[-2:]
    joints = [line.rpartition("]")[0] for line in (host, board)]
    assert joints[0] == joints[1] and len(joints[0]) > 70
    assert host.rpartition("]")[2].split() == ["0", "0"]
    ticks, differing = board.rpartition("]")[2].split()
    assert int(ticks) == 20 * 25 and differing == "0"
