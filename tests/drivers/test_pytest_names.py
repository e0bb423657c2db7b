"""The plugin in a project with packages called `drivers`, `hardware` and `robots` of its own."""

import pytest
from plugin_runs import LAW, run_apart

MOTOR = "SPEED = 3\n"
BOARD_TEST = """
import pytest

@pytest.mark.firmware(controller="law.py")
def test_board(board):
    board.run(3, input={"x": 1.0})
    assert board.output["n"][0] == 3
"""
PLAIN_TEST = """
def test_plain():
    pass
"""


@pytest.fixture
def project(tmp_path):
    """A folder of files, and what runs pytest in it; the folder comes first on the path."""

    def run(files, *words):
        for name, text in {"law.py": LAW, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return run_apart("-q", *words, cwd=tmp_path)

    return run


@pytest.mark.parametrize("folder", [".", "tests"])
@pytest.mark.parametrize("words", [("--board", "virt-rv64"), ("-k", "plain or virt-rv64")])
def test_a_projects_own_packages_stand_beside_ours(project, folder, words):
    done = project(
        {
            f"{folder}/drivers/__init__.py": "from drivers.motor import SPEED\nKIND = 'geared'\n",
            f"{folder}/drivers/motor.py": MOTOR,
            f"{folder}/hardware/pins.py": "LED = 7\n",
            f"{folder}/hardware/more/__init__.py": "",
            f"{folder}/hardware/more/leds.py": "from hardware.pins import LED\n",
            f"{folder}/robots/__init__.py": '"""Our robots."""\n',
            f"{folder}/robots/cart.py": "WHEELS = 4\n",
            f"{folder}/test_it.py": """
from drivers import KIND, SPEED
from hardware.pins import LED
"""
            + BOARD_TEST.replace("law.py", "../law.py" if folder == "tests" else "law.py")
            + """
def test_plain_afterwards():
    import drivers.motor, hardware.more.leds, robots.cart
    assert (KIND, SPEED, drivers.motor.SPEED) == ("geared", 3, 3)
    assert (LED, hardware.more.leds.LED, robots.cart.WHEELS) == (7, 7, 4)
""",
        },
        *words,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_test_package_called_as_ours_is_collected(project):
    done = project(
        {
            "tests/drivers/__init__.py": "",
            "tests/drivers/test_it.py": BOARD_TEST.replace("law.py", "../../law.py"),
            "tests/hardware/__init__.py": "",
            "tests/hardware/test_more.py": BOARD_TEST.replace("law.py", "../../law.py"),
        },
        *("--board", "virt-rv64"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


CLASHES = {
    "drivers/errors.py": "drivers, which the board fixture needs, both have errors; ",
    "drivers/toolchain/notes.txt": "drivers, which the board fixture needs, both have toolchain; ",
    "robots/model.py": "robots, which the board fixture needs, both have model; ",
    "drivers.py": "drivers.py hides Millhand's package drivers",
    "hardware/__init__.py": "__init__.py and Millhand's package hardware cannot both be hardware, ",
}


@pytest.mark.parametrize("file", CLASHES)
def test_a_clash_is_one_line_that_names_it_and_only_where_a_board_is_asked_for(project, file):
    files = {file: "VALUE = 1\n", "test_it.py": PLAIN_TEST}
    done = project(files)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
    done = project({"test_it.py": BOARD_TEST}, "--board", "virt-rv64")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert CLASHES[file] in said and "Traceback" not in said
    done = project({})
    assert done.returncode == 2 and CLASHES[file] in done.stdout + done.stderr
