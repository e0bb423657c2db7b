"""Fair timing: ours and a peer take turns in one process, and medians count."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

Work = Callable[[], float]


def compare(
    case: str,
    unit: str,
    ours: Work,
    peer: Work | None = None,
    peer_name: str | None = None,
    rounds: int = 5,
    prepare: Callable[[], Any] | None = None,
) -> dict[str, Any]:
    """Time `ours` and `peer` in turns and give one case of a bench.

    A function does some work and returns how much: ticks, images, configurations. Rates are
    work a second, medians over `rounds` after one round that does not count; `prepare` runs
    before every turn, untimed. `ratio` above 1 means that ours is faster; without a peer `peer`
    and `ratio` are None.
    """
    contenders = {"ours": ours} | ({"peer": peer} if peer else {})
    rates: dict[str, list[float]] = {key: [] for key in contenders}
    for turn in range(rounds + 1):
        for key, work in contenders.items():
            if prepare:
                prepare()
            begun = time.perf_counter()
            amount = work()
            if turn:
                rates[key].append(amount / (time.perf_counter() - begun))
    mine = median(rates["ours"])
    theirs = median(rates["peer"]) if peer else None
    return {
        "case": case,
        "ours": mine,
        "peer": theirs,
        "peer_name": peer_name,
        "unit": unit,
        "ratio": mine / theirs if theirs else None,
    }
