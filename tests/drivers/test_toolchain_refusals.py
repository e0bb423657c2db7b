"""Why a kernel cannot be compiled is said with the line of the source where it goes wrong."""

import inspect

import pytest
import refused_kernels
from refused_kernels import PLACES, REFUSED

from drivers.errors import ToolchainError
from drivers.toolchain import compile_kernel
from hardware import load_board


def marked(name):
    """The line that is marked HERE in a kernel of the module, and what is said of it."""
    lines, first = inspect.getsourcelines(getattr(refused_kernels, PLACES.get(name, name)).py_func)
    for number, line in enumerate(lines, first):
        if "# HERE " in line:
            return number, line.split("# HERE ")[1].strip()
    raise AssertionError(name)


@pytest.mark.parametrize("board", ["virt-rv64", "virt-rv32-soft"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_board_file_line_and_reason(name, board):
    line, reason = marked(name)
    with pytest.raises(ToolchainError) as refused:
        compile_kernel(REFUSED[name], load_board(board))
    said = str(refused.value)
    assert f"kernel {name} cannot be compiled for {board}: " in said
    assert f"{refused_kernels.__file__}:{line}: " in said
    assert reason in said
    assert "\n" not in said
