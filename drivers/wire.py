"""A board's wire that goes bad on request: bytes lost, spoilt or late, or a host that is silent."""

from collections import deque

from drivers.streams import Stream


class Wire:
    """A Stream between host and board. Faults are of what the host sends, and counted in bytes.

    `silent` loses everything until it is False again. `lost` and `spoilt` count bytes.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.silent = False
        self.lost = self.spoilt = 0
        self._drop = self._corrupt = 0
        self._mask = 0
        self._late: deque[tuple[int, bytes]] = deque()  # the read at which it is due, and what
        self._reads = self._delay = 0

    def drop(self, count: int) -> None:
        """Lose the next `count` bytes."""
        self._drop = _counted(count)

    def corrupt(self, count: int, mask: int = 0xFF) -> None:
        """Turn the bits of `mask` over in each of the next `count` bytes."""
        if not 0 < mask < 256:
            raise ValueError(f"mask is {mask}; it must be from 1 to 255")
        self._corrupt, self._mask = _counted(count), mask

    def delay(self, reads: int) -> None:
        """Hold every write back until `reads` reads have come after it; 0 ends that."""
        self._delay = _counted(reads)
        if not reads:
            self._release(everything=True)

    def read(self, size: int) -> bytes:
        """Give what has come from the board."""
        self._reads += 1
        self._release()
        return self.stream.read(size)

    def write(self, data: bytes) -> None:
        """Send to the board what the faults leave of `data`."""
        if self.silent:
            self.lost += len(data)
            return
        lost = min(self._drop, len(data))
        self._drop -= lost
        self.lost += lost
        kept = bytearray(data[lost:])
        bad = min(self._corrupt, len(kept))
        self._corrupt -= bad
        self.spoilt += bad
        kept[:bad] = bytes(byte ^ self._mask for byte in kept[:bad])
        if self._delay or self._late:
            self._late.append((self._reads + self._delay, bytes(kept)))
        elif kept:
            self.stream.write(bytes(kept))

    def _release(self, everything: bool = False) -> None:
        # In order: what was sent first arrives first.
        while self._late and (everything or self._late[0][0] <= self._reads):
            self.stream.write(self._late.popleft()[1])


def _counted(count: int) -> int:
    if count < 0:
        raise ValueError(f"count is {count}; it must be 0 or more")
    return count
