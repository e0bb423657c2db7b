"""The pytest plugin: a `board` fixture that runs a controller as firmware, on the boards asked for.

Pytest loads this file in every project where Millhand is installed, so it imports nothing of ours
until a test asks for a board, and no compiler until that test runs. Nor does it depend on what
`import drivers` gives there: see millhand_names.py.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import millhand_names

if TYPE_CHECKING:
    from drivers.under_test import BoardUnderTest

MARKER = (
    "firmware(controller, robot=None, rate_hz=None, params=None, link=False): what the `board` "
    "fixture runs: a controller's name, the path of a Python file (from the test's folder or the "
    "root), a module, or a Controller with its params; link: on the board's own timer"
)
ARGUMENTS = ("controller", "robot", "rate_hz", "params", "link")
_FOUND = pytest.StashKey[dict[str, Any]]()
_LINES = pytest.StashKey[dict[str, dict[int, int]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--board`, `--board-optional` and `--board-coverage`."""
    millhand_names.install()  # before a conftest of the project imports anything
    group = parser.getgroup("millhand", "controllers as firmware on RISC-V boards (millhand)")
    group.addoption(
        "--board",
        action="append",
        default=[],
        metavar="NAME[,NAME|FILE.toml]",
        help="boards for the `board` fixture, see `millhand boards`; default: QEMU's virt boards",
    )
    group.addoption(
        "--board-optional",
        action="store_true",
        help="skip tests on boards whose QEMU is missing, where they are an error otherwise",
    )
    group.addoption(
        "--board-coverage",
        type=Path,
        metavar="FILE",
        help="write which lines of the kernels the tests ran, as lcov; holds no instruction budget",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker; refuse a board that is none before anything is collected."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("board"):
        before = set(sys.modules)
        _load(config)
        # What the project calls `hardware` may not be on the path yet, and comes first then.
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in millhand_names.OURS:
                del sys.modules[name]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each board of every test that asks for our `board`."""
    if "millhand_board" in metafunc.fixturenames:
        metafunc.parametrize("millhand_board", list(_boards(metafunc.config)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Look for QEMU once, for the boards that the chosen tests run on."""
    worker = hasattr(config, "workerinput")  # of xdist: there the fixture looks, test by test
    if worker or config.option.collectonly:
        return
    missing = {name: _missing(config, name) for name in {_board_of(item) for item in items} if name}
    said = "\n".join(sorted(text for text in missing.values() if text))
    if said and not config.getoption("board_optional"):
        pytest.exit(f"{said}\n--board-optional skips such tests", returncode=2)


@pytest.fixture
def board(request: pytest.FixtureRequest, millhand_board: str) -> "Iterator[BoardUnderTest]":
    """A board with the firmware of the test's `firmware` marker, see drivers/under_test.py.

    Its figures become properties of the test: `record_property` of JUnit reports.
    """
    why = _missing(request.config, millhand_board)
    if why and request.config.getoption("board_optional"):
        pytest.skip(why)
    if why:
        pytest.fail(why, pytrace=False)
    from drivers import prepare

    chosen = _arguments(request.node)
    folders = (request.path.parent, request.config.rootpath)
    target = _boards(request.config)[millhand_board]
    why = ""
    try:
        counted = bool(request.config.getoption("board_coverage"))
        made = prepare.prepare(target, folders, not_run=_skip, counted=counted, **chosen)
    except prepare.SETUP_ERRORS as error:
        why = str(error)
    if why:
        pytest.fail(why, pytrace=False)
    with made:
        yield made
        request.node.user_properties.extend(made.figures().items())
        _add_lines(request.config, made.lines())


def _add_lines(config: pytest.Config, lines: dict[str, dict[int, int]]) -> None:
    if lines:
        from drivers.lines import add

        add(config.stash.setdefault(_LINES, {}), lines)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the lines that one of xdist's workers has counted."""
    found = getattr(node, "workeroutput", {}).get("millhand_lines", {})
    lines = {name: {int(line): n for line, n in counts.items()} for name, counts in found.items()}
    _add_lines(node.config, lines)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file of `--board-coverage`; a worker of xdist hands its lines on instead."""
    config = session.config
    lines, path = config.stash.get(_LINES, None), config.getoption("board_coverage")
    if hasattr(config, "workeroutput"):
        texts = {
            name: {str(n): c for n, c in found.items()} for name, found in (lines or {}).items()
        }
        config.workeroutput["millhand_lines"] = texts
    elif path and lines:
        from drivers.lines import lcov

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lcov(dict(sorted(lines.items()))), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which lines of the kernels no test has run."""
    lines = config.stash.get(_LINES, None)
    if not lines:
        return
    from drivers.lines import ranges, report

    terminalreporter.section(f"lines of the kernels, in {config.getoption('board_coverage')}")
    for name, found in report(dict(sorted(lines.items()))).items():
        hit, missed = len(found["hit"]), ranges(found["missed"], lines[name])
        short = name.removeprefix(f"{config.rootpath}/")
        terminalreporter.line(
            f"{short}: {hit} of {found['lines']}" + (missed and f", not {missed}")
        )


def _skip(reason: str) -> NoReturn:
    pytest.skip(reason)


def _boards(config: pytest.Config) -> dict[str, Any]:
    """Give the boards of `--board` by name, loaded once; ends pytest for one that is none."""
    found = config.stash.get(_FOUND, None)
    if found is None:
        found = config.stash[_FOUND] = _load(config)
    return found


def _load(config: pytest.Config) -> dict[str, Any]:
    try:
        millhand_names.claim()
    except millhand_names.Clash as clash:
        pytest.exit(str(clash), returncode=2)
    import hardware

    given = ",".join(config.getoption("board")).split(",")
    try:
        chosen = [hardware.load_board(name.strip()) for name in given if name.strip()]
        chosen = chosen or [b for b in map(hardware.load_board, hardware.boards()) if _usual(b)]
    except hardware.BoardError as error:
        pytest.exit(str(error), returncode=2)
    found: dict[str, Any] = {}
    for one in chosen:
        if found.setdefault(one.name, one) != one:
            pytest.exit(f"--board has two boards of the name {one.name}", returncode=2)
    return found


def _usual(board: Any) -> bool:
    """Say whether a board is one of QEMU's own virtual machine, which needs no board file."""
    return board.emulator is not None and board.emulator.machine.split(",")[0] == "virt"


def _board_of(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("millhand_board", "")) if callspec else ""


def _missing(config: pytest.Config, name: str) -> str:
    """Say what is missing for a board to run, or nothing; a board without emulator is built."""
    board = _boards(config)[name]
    from drivers.errors import DriverError
    from drivers.qemu import find_qemu

    if board.emulator is None:
        return ""
    try:
        find_qemu(board)
    except DriverError as error:
        return f"board {name}: {error}"
    return ""


def _arguments(item: pytest.Item) -> dict[str, Any]:
    """Give the arguments of a test's `firmware` markers; the nearest marker wins."""
    chosen: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("firmware"))):
        if len(marker.args) > 1 or (marker.args and "controller" in marker.kwargs):
            pytest.fail("firmware takes one controller; the rest by name", pytrace=False)
        chosen.update(marker.kwargs)
        if marker.args:
            chosen["controller"] = marker.args[0]
    unknown = [name for name in chosen if name not in ARGUMENTS]
    if unknown:
        pytest.fail(
            f"firmware has no argument {unknown[0]!r}; valid: {', '.join(ARGUMENTS)}", pytrace=False
        )
    if "controller" not in chosen:
        pytest.fail(
            "the board fixture needs @pytest.mark.firmware(controller=...) on its test",
            pytrace=False,
        )
    return chosen
