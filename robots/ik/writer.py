"""Straight-line code over 16 lanes: rows of memory, and a writer that folds what it knows."""

from collections.abc import Sequence
from dataclasses import dataclass

LANES = 16
Value = float | str


@dataclass(frozen=True)
class Rows:
    """Where in `w` each quantity of an arm with n joints starts, in rows."""

    n: int

    @property
    def goal(self) -> int:
        """Twelve rows: position (3,), rotation (3, 3) that the lane is to reach."""
        return self.n

    @property
    def report(self) -> int:
        """Three rows: squared errors, m^2 and rad^2, and the largest joint step, rad."""
        return self.n + 12

    @property
    def pose(self) -> int:
        """Twelve rows: the tool's position (3,) and rotation (3, 3)."""
        return self.n + 15

    @property
    def jacobian(self) -> int:
        """6 n rows: the geometric Jacobian (6, n)."""
        return self.n + 27

    @property
    def count(self) -> int:
        return 7 * self.n + 27


class Writer:
    """Lines of a function whose values are names, or numbers as long as they are known."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def name(self, text: str) -> str:
        """Give the text's value a name of its own."""
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def sum(self, *terms: Sequence[Value]) -> Value:
        """Give a sum of products, what is known worked out."""
        known, parts = 0.0, ""
        for term in terms:
            factor, names = 1.0, []
            for value in term:
                if isinstance(value, str):
                    names.append(value)
                else:
                    factor *= value
            if not names or factor == 0.0:
                known += factor
                continue
            if abs(factor) != 1.0:
                names.insert(0, repr(abs(factor)))
            sign = "-" if factor < 0.0 else "+" if parts else ""
            parts += f" {sign} {' * '.join(names)}"
        if not parts:
            return known
        if known:
            parts += f" + {known!r}"
        parts = parts.strip()
        return parts if parts.isidentifier() else self.name(parts)

    def load(self, row: int) -> str:
        return self.name(f"w[{LANES * row} + l]")

    def store(self, row: int, value: Value) -> None:
        self.lines.append(f"w[{LANES * row} + l] = {value}")

    def function(self, name: str, arguments: str, before: Sequence[str] = ()) -> str:
        head = ["@kernel", f"def {name}({arguments}):", *(f"    {line}" for line in before)]
        body = [f"    for l in range({LANES}):", *(f"        {line}" for line in self.lines)]
        return "\n".join(head + body) + "\n"
