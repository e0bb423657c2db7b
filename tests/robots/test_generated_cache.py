"""Generated sources and what is compiled from them, kept on disk for every process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import numpy as np
from robots.generated import kernels
made = kernels("so101").gravity
tau = made(np.linspace(-1, 1, 5))
many = made(np.tile(np.linspace(-1, 1, 5), (3, 1)))
forms = made.single, made.module.batched
hits = [sum(form.stats.cache_hits.values()) for form in forms]
print(made.module.__file__, *hits, *(float(x).hex() for x in tau), *map(len, many))
"""


def start(cache, program=RUN, **variables):
    environment = {**os.environ, "MILLHAND_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    environment.pop("NUMBA_CACHE_DIR", None)
    environment |= variables
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def answer(process):
    out, err = process.communicate()
    assert process.returncode == 0, err
    file, single, batched, *numbers = out.split()
    return Path(file), (int(single), int(batched)), numbers


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Give a cache that two processes filled at once, and what they answered."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, [answer(process) for process in [start(cache), start(cache)]]


def test_processes_that_generate_at_once_leave_one_whole_file(filled):
    cache, (one, other) = filled
    assert one[0] == other[0] and one[2] == other[2]
    assert sorted(path.name for path in (cache / "generated").glob("*.py")) == [one[0].name]
    assert not list((cache / "generated").glob("*.part"))


def test_the_next_process_loads_machine_code(filled):
    cache, answers = filled
    file, hits, numbers = answer(start(cache))
    assert hits == (1, 1)
    assert (file, numbers) == (answers[0][0], answers[0][2])


def test_a_torn_source_is_written_again(filled):
    cache, answers = filled
    file = answers[0][0]
    whole = file.read_text()
    file.write_text(whole[: len(whole) // 2])
    assert answer(start(cache))[2] == answers[0][2]
    assert file.read_text() == whole


def test_an_edited_generator_uses_no_source_of_the_old_one(filled):
    cache, answers = filled
    edit = "from robots.generated import cache\ncache.generator = lambda: 'edited'\n"
    file, hits, numbers = answer(start(cache, edit + RUN))
    assert file != answers[0][0] and hits == (0, 0) and numbers == answers[0][2]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    process = start(tmp_path / "file")
    _, err = process.communicate()
    assert process.returncode != 0
    assert "cannot be made" in err and "set MILLHAND_CACHE" in err


def test_without_a_folder_for_the_user_a_process_has_its_own(filled, tmp_path):
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        (tmp_path / name).touch()
    (tmp_path / "tmp").mkdir()
    places = {name: str(tmp_path / name) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    process = start("", TMPDIR=str(tmp_path / "tmp"), TEMP=str(tmp_path / "tmp"), **places)
    file, hits, numbers = answer(process)
    assert file.parent.parent == tmp_path / "tmp"
    assert hits == (0, 0) and numbers == filled[1][0][2]


def test_importing_touches_no_compiler():
    program = "import sys, robots.generated; print('numba' in sys.modules)"
    process = start("unused", program)
    assert process.communicate()[0].strip() == "False"


COMPOSED = (
    """
import numpy as np
from robots.generated import kernels
from robots.generated.compose import compose
text = """
    + repr("""from robots.kernel import kernel


@kernel
def twice(q, tau):
    weight(q, tau)
    for i in range(len(tau)):
        tau[i] *= 2.0
""")
    + """
for name in ("so101", "xarm6"):
    robot = kernels(name)
    module = compose("twice", text, weight=robot.gravity)
    q, tau = np.full(robot.tree.n, 0.3), np.zeros(robot.tree.n)
    module.twice(q, tau)
    assert np.allclose(tau, 2.0 * robot.gravity(q), atol=1e-13) and np.abs(tau).max() > 0.1
    print(sum(module.twice.stats.cache_hits.values()))
"""
)


def test_kernels_on_top_of_generated_ones_are_kept_for_each_robot(filled):
    cache, _ = filled
    for hits in ("0", "1"):
        out, err = start(cache, COMPOSED).communicate()
        assert out.split() == [hits, hits], err
