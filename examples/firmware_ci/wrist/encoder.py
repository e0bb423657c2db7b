"""Driver of a 12-bit magnetic encoder (AS5600): a raw word becomes an angle over many turns.

The chip gives 0 to 4095 a turn and jumps from one end to the other. A step of more than half a
turn is taken for such a jump, so the axle may turn by less than that in a tick.
"""

from robots.kernel import kernel

COUNTS = 4096
RADIANS = 6.283185307179586 / COUNTS


@kernel
def unwrapped(raw, last, turns):  # type: ignore[no-untyped-def]
    """Give how many turns have been counted, after a raw word `raw` that follows `last`."""
    if raw - last > COUNTS // 2:
        return turns - 1
    if last - raw > COUNTS // 2:
        return turns + 1
    return turns


@kernel
def angle(raw, turns):  # type: ignore[no-untyped-def]
    """Give the angle in radians."""
    return (turns * COUNTS + raw) * RADIANS
