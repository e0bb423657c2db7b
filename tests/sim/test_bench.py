"""The benches run, and say so when there is no peer."""

import sys

from sim import bench


def test_pictures_are_timed_without_a_peer(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "panda_gym", None)
    monkeypatch.setattr(bench, "SIGHTS", (("fast", "front"),))
    cases = bench.render(rounds=1)
    assert [case["case"] for case in cases] == [
        f"KitTray, front camera, {size}x{size} RGB, fast" for size in (224, 96)
    ]
    for case in cases:
        assert case["ours"] > 0 and case["peer"] is None and case["ratio"] is None
        assert case["peer_name"] is None
    assert "millhand[bench]" in capsys.readouterr().err
