"""The code that kernels become, beside C by hand and GCC: bars, and what is said without GCC."""

from shutil import which

import pytest

from drivers import bench_codegen as bench
from hardware import load_board

BOARDS = ("virt-rv64", "virt-rv32-soft")


@pytest.mark.skipif(which(bench.GCC) is None, reason=bench.INSTALL)
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", ["joint_impedance", "limiter"])
def test_a_kernels_code_is_as_good_as_c_by_hand(name, board):
    """At most 1.05 times the instructions, 1.15 times the bytes; the same bits, or it raises."""
    bars = {"instructions": 1.05, "bytes": 1.15}
    cases = list(bench._cases(*bench.law_of(name), load_board(board)))
    assert {case["unit"] for case in cases} == set(bars)
    for case in cases:
        if "our arithmetic" not in case["peer_name"]:
            assert case["ours"] <= bars[case["unit"]] * case["peer"], case


def test_without_gcc_a_case_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(bench, "which", lambda name: None)
    cases = list(bench._cases(*bench.law_of("limiter"), load_board("virt-rv64")))
    assert [case["unit"] for case in cases] == ["instructions", "bytes"]
    for case in cases:
        assert (case["peer"], case["ratio"]) == (None, None)
        assert "apt-get install gcc-riscv64-unknown-elf" in case["peer_name"]
        assert case["ours"] > 0
