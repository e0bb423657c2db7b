"""Ways for a disc past boxes that stand still: A* on a grid, then as few corners as will do."""

import heapq
import math
from dataclasses import dataclass

from sim.errors import SimError

CELL = 0.1
SHY = 0.25
"""How much farther than needed a way keeps from things where that costs little, metres."""
BUSY = 20.0
"""How many times its length a way counts where others go to and fro."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Block:
    """A box on the ground: its middle and its half sizes, metres."""

    x: float
    y: float
    half_x: float
    half_y: float

    def gap(self, x: float, y: float) -> float:
        """Give the distance from a point to the box, 0 inside."""
        aside = max(abs(x - self.x) - self.half_x, 0.0)
        along = max(abs(y - self.y) - self.half_y, 0.0)
        return math.hypot(aside, along)


class Grid:
    """Where the middle of a disc may be, on cells of 0.1 m; every cell is worked out once.

    `busy` are lanes on which others go to and fro: a way crosses them, but does not follow them.
    """

    def __init__(self, blocks: list[Block], busy: list[Block], clearance: float) -> None:
        self.blocks, self.busy, self.clearance = blocks, busy, clearance
        self._gaps: dict[tuple[int, int], float] = {}

    def gap(self, cell: tuple[int, int]) -> float:
        """Give the distance from a cell's middle to the nearest block."""
        found = self._gaps.get(cell)
        if found is None:
            x, y = cell[0] * CELL, cell[1] * CELL
            found = min(block.gap(x, y) for block in self.blocks)
            self._gaps[cell] = found
        return found

    def way(self, start: Point, goal: Point) -> list[Point]:
        """Give the corners of a way from start to goal, both in it.

        Raises SimError where there is none.
        """
        cells = self._search(self._free(start), self._free(goal))
        points = [start, *((i * CELL, j * CELL) for i, j in cells), goal]
        corners, k = [start], 0
        while k < len(points) - 1:
            ahead = len(points) - 1
            while ahead > k + 1 and not self._joins(points, k, ahead):
                ahead -= 1
            corners.append(points[ahead])
            k = ahead
        return corners

    def _free(self, point: Point) -> tuple[int, int]:
        """Give the free cell nearest to a point."""
        i, j = round(point[0] / CELL), round(point[1] / CELL)
        near = [(a, b) for a in range(i - 4, i + 5) for b in range(j - 4, j + 5)]
        near = [cell for cell in near if self.gap(cell) >= self.clearance]
        if not near:
            raise SimError(f"nothing is free about {point}")
        return min(near, key=lambda c: math.hypot(c[0] * CELL - point[0], c[1] * CELL - point[1]))

    def _is_busy(self, x: float, y: float) -> bool:
        return any(lane.gap(x, y) < self.clearance for lane in self.busy)

    def _joins(self, points: list[Point], k: int, ahead: int) -> bool:
        """Say whether the straight line may replace what lies between two points of a way."""
        one, other = points[k], points[ahead]
        if not self._sees(one, other):
            return False
        steps = ahead - k
        line = [
            (one[0] + (other[0] - one[0]) * i / steps, one[1] + (other[1] - one[1]) * i / steps)
            for i in range(steps)
        ]
        before = sum(self._is_busy(*point) for point in points[k:ahead])
        return sum(self._is_busy(*point) for point in line) <= before

    def _sees(self, one: Point, other: Point) -> bool:
        length = math.hypot(other[0] - one[0], other[1] - one[1])
        steps = max(1, math.ceil(length / (CELL / 2)))
        for k in range(1, steps):
            x = one[0] + (other[0] - one[0]) * k / steps
            y = one[1] + (other[1] - one[1]) * k / steps
            if min(block.gap(x, y) for block in self.blocks) < self.clearance:
                return False
        return True

    def _search(self, start: tuple[int, int], goal: tuple[int, int]) -> list[tuple[int, int]]:
        steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
        cost, came = {start: 0.0}, {start: start}
        queue = [(0.0, start)]
        done = set()
        while queue:
            _, cell = heapq.heappop(queue)
            if cell == goal:
                break
            if cell in done:
                continue
            done.add(cell)
            for i, j in steps:
                after = (cell[0] + i, cell[1] + j)
                room = self.gap(after) - self.clearance
                if room < 0.0:
                    continue
                shy = 1.0 + max(0.0, 1.0 - room / SHY)
                if self._is_busy(after[0] * CELL, after[1] * CELL):
                    shy *= BUSY
                total = cost[cell] + math.hypot(i, j) * shy
                if total < cost.get(after, math.inf):
                    cost[after], came[after] = total, cell
                    left = math.hypot(goal[0] - after[0], goal[1] - after[1])
                    heapq.heappush(queue, (total + left, after))
        if goal not in came:
            raise SimError("there is no way from start to goal")
        way = [goal]
        while way[-1] != start:
            way.append(came[way[-1]])
        return way[::-1]
