"""The command line: help, listings, JSON, and one clear line for bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import millhand

ROOT = Path(__file__).parents[2]


def run(*words, env=None, timeout=300):
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-c", "import millhand; millhand.main()", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=timeout,
        env={**os.environ, "COLUMNS": "200", **(env or {})},
        check=False,
    )


def result_of(done):
    """Give the JSON object on the last line of stdout."""
    return json.loads(done.stdout.strip().splitlines()[-1])


COMMANDS = ["demo", "doctor", "tasks", "robots", "boards", "policies"]
COMMANDS += ["watch", "record", "train", "eval", "export", "build", "emulate", "flash", "bench"]


def test_help_lists_every_command_and_each_explains_itself():
    top = run("--help")
    assert top.returncode == 0
    for command in COMMANDS:
        assert command in top.stdout
    page = run("eval", "--help")
    assert page.returncode == 0 and "--policy" in page.stdout and "--board" in page.stdout


def test_importing_millhand_is_light():
    code = (
        "import sys, millhand; print([m for m in ('torch','pybullet','numba') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["tasks", "robots", "boards", "policies"])
def test_listings_print_one_json_object_on_the_last_line(command):
    done = run(command, "--json")
    assert done.returncode == 0, done.stderr
    assert result_of(done)[command]
    assert len(done.stdout.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("eval", "--task", "KitTry", "--episodes", "1"), "did you mean 'KitTray'"),
        (("eval", "--policy", "nanno", "--episodes", "1"), "did you mean 'nano'"),
        (("eval", "--policy", "expert", "--option", "stiffness"), "not KEY=VALUE"),
        (("build", "--board", "virt-rv46"), "did you mean 'virt-rv64'"),
        (("build", "--robot", "pandda"), "did you mean 'panda'"),
        (("build", "--controller", "limitter"), "did you mean 'limiter'"),
        (("build", "--controller", "no_such.py"), "controller no_such.py: No such file"),
        (
            ("emulate", "--controller", "millhand.py"),
            "millhand.py has no controller(n) and no params",
        ),
        (("bench", "lockstop"), "did you mean 'lockstep'"),
        (("record", "--task", "Kit"), "KitTray"),
        (("watch", "KitTry"), "did you mean 'KitTray'"),
        (("tasks", "--write", "README.md"), "tasks: begin"),
        (("train", "--data", "no/such/folder"), "no/such/folder"),
        (("demo", "--episodes", "0"), "0"),
        (("emulate", "--ticks", "many"), "many"),
        (("export", "--out", "nano.bin"), "nano.bin"),
        (("export", "--policy", "expert"), "expert"),
        (("nonsense",), "nonsense"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(words, says):
    done = run(*words)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert done.stdout == ""


def test_a_controller_that_does_not_fit_is_exit_code_2_with_the_fields():
    done = run("eval", "--policy", "expert", "--controller", "diff_ik", "--episodes", "1")
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert "diff_ik does not fit the panda" in line and "the environment gives q float64" in line


def test_options_are_numbers_where_they_read_as_such():
    given = ["stiffness=2", "parts=(3, 8)", "robot=panda", "sparse=True"]
    wanted = {"stiffness": 2, "parts": (3, 8), "robot": "panda", "sparse": True}
    assert millhand.parse_options(given) == wanted


def test_doctor_reports_every_part():
    done = run("doctor", "--json")
    found = result_of(done)
    names = {part["name"] for part in found["parts"]}
    assert {"python", "torch", "renderer tiny", "board virt-rv64", "policy weights"} <= names
    assert done.returncode == 0 and found["ok"], found


def test_doctor_without_qemu_says_how_to_mend_it(tmp_path):
    done = run("doctor", "--json", env={"PATH": str(tmp_path)})
    parts = {part["name"]: part for part in result_of(done)["parts"]}
    assert done.returncode != 0
    assert not parts["board virt-rv64"]["ok"]
    assert "apt-get install" in parts["board virt-rv64"]["remedy"]


def test_emulating_without_qemu_is_exit_code_2_with_the_remedy(tmp_path):
    done = run("emulate", "--ticks", "10", env={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "qemu-system" in done.stderr and "Traceback" not in done.stderr


def test_build_and_emulate_print_what_was_promised(tmp_path):
    done = run("build", "--out", str(tmp_path), "--json")
    built = result_of(done)
    assert done.returncode == 0, done.stderr
    keys = {"board", "controller", "elf", "text_bytes", "ram_bytes", "stack_bytes", "sha256"}
    assert keys <= set(built)
    assert Path(built["elf"]).read_bytes()[:4] == b"\x7fELF"
    done = run("emulate", "--ticks", "300", "--json")
    assert done.returncode == 0, done.stderr
    ran = result_of(done)
    assert ran["ticks"] == 300 and ran["ticks_differing"] == 0
    assert ran["instructions_per_tick"] > 100


def test_emulate_says_which_lines_ran_by_file_and_line(tmp_path):
    file = tmp_path / "lines.info"
    words = ("--controller", "limiter", "--ticks", "30", "--coverage", file, "--json", "--profile")
    done = run("emulate", *map(str, words))
    assert done.returncode == 0, done.stderr
    ran = result_of(done)
    assert ran["coverage"]["lcov"] == str(file) and ran["profile"]
    files = {Path(name).name: found for name, found in ran["coverage"]["files"].items()}
    limiter = files["limiter.py"]
    assert limiter["hit"] and limiter["missed"] and "core.c" in files
    assert limiter["lines"] == len(limiter["hit"]) + len(limiter["missed"])
    parts = file.read_text().split("end_of_record\n")[:-1]
    (text,) = (part for part in parts if "limiter.py" in part)
    first = next(number for number in limiter["hit"] if number > limiter["missed"][0])
    assert f"DA:{limiter['missed'][0]},0\n" in text and f"DA:{first},0\n" not in text
    assert len(parts) == len(files)
    assert "robots/controllers/limiter.py" in done.stderr


def test_bench_gives_cases_with_ratios():
    done = run("bench", "env", "--rounds", "1", "--json")
    assert done.returncode == 0, done.stderr
    found = result_of(done)
    cases = {case["case"]: case for case in found["cases"]}
    case = cases["KitTray at 20 Hz, state only"]
    assert case["ratio"] == pytest.approx(case["ours"] / case["peer"]) and case["unit"] == "ticks/s"
    assert any("2 processes" in name for name in cases) and any("reset" in name for name in cases)


def test_watch_films_the_expert_where_there_is_no_display(tmp_path):
    done = run("watch", "KitTray", "--out", str(tmp_path), "--json", env={"DISPLAY": ""})
    assert done.returncode == 0, done.stderr
    (episode,) = result_of(done)["episodes"]
    assert episode["success"] and Path(episode["film"]).stat().st_size > 10_000


def test_expert_is_measured_and_logged(tmp_path):
    log = tmp_path / "log.jsonl"
    done = run("eval", "--policy", "expert", "--episodes", "2", "--log", str(log), "--json")
    assert done.returncode == 0, done.stderr
    assert result_of(done)["successes"] == 2
    assert json.loads(log.read_text()) == result_of(done)
