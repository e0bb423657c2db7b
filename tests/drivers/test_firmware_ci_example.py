"""The example project of a user: its tests pass as they are, and fail for a broken controller."""

import re
import shutil

import pytest
from plugin_runs import ROOT, run_apart

import hardware

EXAMPLE = ROOT / "examples/firmware_ci"


@pytest.fixture
def project(tmp_path):
    """A copy of the example, with a way to break its controller."""
    folder = tmp_path / "firmware_ci"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def broken(project, right, wrong):
    """Run the tests with one line of the controller or its driver changed."""
    for path in (project / "wrist/servo.py", project / "wrist/encoder.py"):
        text = path.read_text()
        if right in text:
            path.write_text(text.replace(right, wrong))
            done = run_apart("-q", "--board", "virt-rv64", cwd=project)
            assert done.returncode == 1, done.stdout
            return done.stdout
    raise AssertionError(f"{right!r} is not in the example")


def test_the_example_passes_and_reports(project):
    done = run_apart("-q", "--board", "virt-rv64,hifive1", "--junitxml=f.xml", cwd=project)
    assert done.returncode == 0, done.stdout
    assert "14 passed" in done.stdout
    report = (project / "f.xml").read_text()
    for board in ("virt-rv64", "hifive1"):
        assert report.count(f'name="board" value="{board}"') == 7
    assert 'name="instructions_per_tick"' in report


def test_a_controller_without_its_limit_fails_by_field_tick_and_value(project):
    said = broken(project, "min(max(volts, -params.volts), params.volts)", "volts")
    assert "volts was not 6.0" in said or "was not true of volts in every tick" in said
    assert re.search(
        r"volts in every tick: volts is (\S+) on the board and \1 on the host \[tick 0, ", said
    )


def test_a_driver_that_does_not_count_turns_fails(project):
    said = broken(project, "return turns + 1", "return turns")
    assert "angle was not 6.28932" in said and "within 1 ticks: angle is 0.00613" in said


def test_a_slow_controller_breaks_its_budget(project):
    loop = "    for _ in range(input.raw % 64 + 200):\n        output.angle *= 1.000001\n"
    said = broken(project, "    output.fault = 0\n", "    output.fault = 0\n" + loop)
    assert re.search(r"takes \d+ instructions in a tick; the budget is 250, \d+ less", said)


def test_the_workflow_names_boards_that_there_are():
    text = (EXAMPLE / ".github/workflows/firmware.yml").read_text()
    named = re.search(r"board: \[(.+)\]", text)[1].split(", ")
    assert named and all(hardware.load_board(name).emulator for name in named)
    assert "--junitxml=firmware.xml" in text and "qemu-system-misc" in text
