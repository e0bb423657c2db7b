"""From kernel to image: what is refused, and that the same source gives the same bits."""

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import driver_controllers
import numpy as np
import pytest
from driver_controllers import BOARDS, one

from drivers.errors import ToolchainError
from drivers.mailbox import layout_hash
from drivers.toolchain import build
from drivers.toolchain.elf import sections, undefined_symbols
from drivers.toolchain.emit import assembly
from drivers.toolchain.header import mailbox_header
from drivers.toolchain.target import lower
from hardware import load_board
from robots.controllers.contract import Controller


def test_a_kernel_that_numba_cannot_type_is_refused_by_name():
    from robots.kernel import kernel

    @kernel
    def broken(params, state, input, output):
        output.nothing = input.x

    with pytest.raises(ToolchainError, match="kernel broken cannot be compiled for virt-rv64"):
        build(one("broken", broken), load_board("virt-rv64"))


def test_a_plain_function_is_refused():
    def plain(params, state, input, output):
        pass

    with pytest.raises(ToolchainError, match="plain.*not a Numba kernel"):
        build(one("plain", plain), load_board("virt-rv64"))


@pytest.mark.parametrize("board", BOARDS)
def test_no_multiply_and_add_is_fused(pd, board):
    text = assembly(pd, load_board(board))
    assert "kernel" in text or "millhand_step" in text
    assert not re.search(r"\bfn?m(add|sub)\.", text)


def test_soft_float_code_has_no_float_instruction(pd):
    text = assembly(pd, load_board("virt-rv32-soft"))
    assert not re.search(r"^\s+f(ld|sd|add|mul|lw|sw)\b", text, re.M)


@pytest.mark.parametrize("board", BOARDS)
def test_an_image_is_complete_and_measured(pd_aligned, board, tmp_path):
    board = load_board(board)
    firmware = build(pd_aligned, board, tmp_path)
    elf = firmware.elf.read_bytes()
    assert firmware.elf == tmp_path / f"pd-{board.name}.elf"
    assert not undefined_symbols(elf)
    assert 1000 < firmware.text_bytes < 60_000
    assert firmware.ram_bytes >= firmware.text_bytes + board.stack_size
    assert firmware.stack_bytes == board.stack_size
    assert int.from_bytes(elf[24 : 24 + board.xlen // 8], "little") == board.entry
    for section in sections(elf):
        if section.flags & 2:
            assert board.entry <= section.address <= board.mailbox.base - section.size


_PATH = os.pathsep.join(map(str, (Path(__file__).parents[2], Path(__file__).parent)))


def test_two_processes_build_the_same_bits(tmp_path):
    """Compiling something else first must not change a bit either."""
    script = """
import sys
from pathlib import Path
from drivers.toolchain import build
from hardware import load_board
import driver_controllers as conftest
c = conftest.Controller(name="pd", step=conftest._pd, **conftest._pd_dtypes(True))
if sys.argv[1] == "late":
    build(conftest.one("scale", conftest._scale), load_board("virt-rv32"))
    build(conftest.one("scale", conftest._scale), load_board("virt-rv64"))
for board in conftest.BOARDS:
    print(build(c, load_board(board)).sha256)
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", script, when],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": _PATH,
                 "MILLHAND_CACHE": str(tmp_path / when)},
        ).stdout.split()
        for when in ("early", "late")
    ]  # fmt: skip
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_a_checkout_in_another_folder_builds_the_same_bits(tmp_path):
    rooms = ("drivers", "hardware", "robots")
    for room in rooms:
        shutil.copytree(
            Path(__file__).parents[2] / room,
            tmp_path / "deep" / "er" / room,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    script = """
from drivers.toolchain import build
from hardware import load_board
from robots.controllers import limiter
print(build(limiter.controller(7), load_board("virt-rv64")).sha256)
"""
    folders = (Path(__file__).parents[2], tmp_path / "deep" / "er")
    found = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(folder),
                 "MILLHAND_CACHE": str(tmp_path / f"cache-{number}")},
        ).stdout
        for number, folder in enumerate(folders)
    ]  # fmt: skip
    assert len(found[0].strip()) == 64
    assert found[0] == found[1]


def test_an_unchanged_kernel_is_not_compiled_again_and_a_changed_one_is(tmp_path, monkeypatch):
    from drivers.toolchain import emit

    monkeypatch.setenv("MILLHAND_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "changing.py"
    text = Path(driver_controllers.__file__).read_text(encoding="utf-8")
    compiled = []
    monkeypatch.setattr(
        emit, "lower", lambda *args, **kwargs: compiled.append(args) or lower(*args, **kwargs)
    )
    board, objects = load_board("virt-rv64"), []
    for factor in ("params.k", "params.k", "2.0 * params.k"):
        source.write_text(text.replace("params.k * input.x", f"{factor} * input.x"))
        spec = importlib.util.spec_from_file_location("changing", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        objects.append(emit.compile_kernel(one("changing", module._scale), board))
    assert len(compiled) == 2
    assert objects[0] == objects[1] != objects[2]


def test_an_image_is_built_once(pd_aligned, monkeypatch, tmp_path):
    monkeypatch.setenv("MILLHAND_CACHE", str(tmp_path))
    board = load_board("virt-rv64")
    first, second = build(pd_aligned, board), build(pd_aligned, board)
    assert (first.cached, second.cached) == (False, True)
    assert first.sha256 == second.sha256
    other = build(pd_aligned, dataclasses.replace(board, stack_size=8192))
    assert not other.cached
    assert other.sha256 != first.sha256


def test_the_header_follows_the_dtypes(pd):
    text = mailbox_header(pd)
    assert "double tau[3];" in text
    assert f"_Static_assert(sizeof(struct mailbox_state) == {pd.state.itemsize}" in text
    assert f"offsetof(struct mailbox_output, tau) == {pd.output.fields['tau'][1]}" in text
    assert f"{layout_hash(pd):#x}" in text


def test_a_renamed_or_moved_field_changes_the_layout(scale):
    moved = np.dtype([("pad", np.float64), ("x", np.float64)])
    named = np.dtype([("z", np.float64)])
    hashes = {layout_hash(dataclasses.replace(scale, input=d)) for d in (moved, named)}
    assert len(hashes | {layout_hash(scale)}) == 3


@pytest.mark.parametrize("kind", [np.dtype(np.complex128), np.dtype(">f8"), np.dtype("S4")])
def test_a_dtype_that_c_does_not_have_is_refused(scale, kind):
    odd = dataclasses.replace(scale, output=np.dtype([("y", kind)]))
    with pytest.raises(ToolchainError, match="field 'y'"):
        mailbox_header(odd)


def test_a_mailbox_that_does_not_fit_is_refused(scale):
    big = dataclasses.replace(scale, input=np.dtype([("x", np.float64), ("more", np.uint8, 70000)]))
    with pytest.raises(ToolchainError, match="mailbox of 70.* bytes; virt-rv64 has .* 65536"):
        build(big, load_board("virt-rv64"))


def test_a_controller_without_fields_to_compare_still_builds():
    from robots.kernel import kernel

    @kernel
    def copy(params, state, input, output):
        output.y = input.x

    small = Controller(
        "copy", np.dtype([("a", np.uint8)]), np.dtype([("b", np.uint8)]),
        np.dtype([("x", np.float32)]), np.dtype([("y", np.float32)]), copy,
    )  # fmt: skip
    assert build(small, load_board("virt-rv32")).text_bytes > 0
