"""From the arguments of a test's `firmware` marker to a board under test."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from drivers.errors import DriverError
from drivers.fields import assign
from drivers.under_test import BoardUnderTest, Params, refuse
from hardware import Board, BoardError
from robots import controllers
from robots.controllers.contract import Controller
from robots.errors import RobotError

SETUP_ERRORS = (DriverError, RobotError, BoardError)


def prepare(
    board: Board,
    folders: Sequence[Path] = (),
    *,
    controller: Any,
    robot: Any = None,
    rate_hz: float | None = None,
    params: Params = None,
    link: bool = False,
    not_run: Callable[[str], NoReturn] = refuse,
    counted: bool = False,
) -> BoardUnderTest:
    """Build a controller's firmware for a board; see the `firmware` marker for the arguments.

    `folders` are where a relative path to a controller's file may start. `rate_hz` defaults to
    the board's; with `counted` the kernels count their lines. Raises DriverError, RobotError or
    BoardError in one line.
    """
    rate = board.rate_hz if rate_hz is None else rate_hz
    law, record = _law(controller, folders, robot, rate, params)
    if link:
        from drivers.under_link import LinkedUnderTest

        return LinkedUnderTest(law, record, board, rate, not_run, counted)
    return BoardUnderTest(law, record, board, rate, not_run, counted)


def _law(
    controller: Any, folders: Sequence[Path], robot: Any, rate_hz: float, params: Params
) -> tuple[Controller, np.ndarray]:
    if isinstance(controller, Controller):
        if params is None:
            raise DriverError(f"controller {controller.name} needs params: an array or a mapping")
        law, record = controller, np.zeros(1, controller.params)
    else:
        name = _found(controller, folders)
        body = controllers.robot_for(name, robot or "") if isinstance(robot, str | None) else robot
        law, record = controllers.for_robot(name, body, rate_hz)
    if isinstance(params, np.ndarray):
        record = params
    elif params is not None:
        assign(record, params)
    return law, record


def _found(name: Any, folders: Sequence[Path]) -> Any:
    """Give the file that a relative path leads to, or what was given."""
    if not isinstance(name, str | Path) or not controllers.from_file.is_path(name):
        return name
    return next((path for path in (folder / name for folder in folders) if path.is_file()), name)
