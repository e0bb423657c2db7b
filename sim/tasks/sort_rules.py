"""Rules for sorting a stream of parts into two chutes, and how they are said."""

from dataclasses import dataclass

import numpy as np

from sim.scene import PARTS

SIDES = ("left", "right")
PASS = "pass"
WAYS = (*SIDES, PASS)
TEMPLATES = {
    "both": (
        "put the {a} into the {side} chute and the {b} into the {other} chute, let the rest pass",
        "{a} to the {side} chute, {b} to the {other} one; whatever else comes stays on the belt",
        "sort the {a} {side} and the {b} {other}, and leave all others on the belt",
        "the {side} chute is for {a}, the {other} chute for {b}; let everything else run on",
        "take {a} off the belt to the {side} and {b} to the {other}, nothing else",
        "{a} go {side}, {b} go {other}, the others may pass",
    ),
    "rest": (
        "put the {a} into the {side} chute and everything else into the {other} chute",
        "{a} to the {side} chute, all the rest to the {other} one",
        "sort the {a} {side}, everything else {other}",
        "the {side} chute is for {a}, the {other} chute for all others",
        "take every part off the belt: {a} to the {side}, the others to the {other}",
        "{a} go {side}, everything else goes {other}",
    ),
    "one": (
        "put the {a} into the {side} chute and let the rest pass",
        "{a} to the {side} chute; whatever else comes stays on the belt",
        "pick the {a} off the belt into the {side} chute, leave all others",
        "only the {a} come off the belt, into the {side} chute",
        "fill the {side} chute with {a} and let everything else run on",
        "{a} go {side}, the others may pass",
    ),
}
"""By form: two sorts are taken off, one and all the rest are, one alone is."""


@dataclass(frozen=True)
class Rule:
    """Where what goes: by "kind" or "colour", `first` to `side`, `second` to the other side."""

    form: str
    by: str
    first: str
    second: str
    side: str
    instruction: str

    def way(self, kind: str, colour: str) -> str:
        """Say where a part goes: left, right, or on along the belt."""
        value = kind if self.by == "kind" else colour
        if value == self.first:
            return self.side
        taken = self.form == "rest" or (self.form == "both" and value == self.second)
        return opposite(self.side) if taken else PASS


def opposite(side: str) -> str:
    """Give the other side."""
    return SIDES[1 - SIDES.index(side)]


def draw_rule(
    rng: np.random.Generator,
    colours: tuple[str, ...],
    form: str | None = None,
    by: str | None = None,
) -> Rule:
    """Draw a rule and its phrasing; `form` and `by` as given."""
    drawn = tuple(TEMPLATES)[rng.integers(len(TEMPLATES))], ("kind", "colour")[rng.integers(2)]
    form, by = form or drawn[0], by or drawn[1]
    values = PARTS if by == "kind" else colours
    first, second = (values[i] for i in rng.permutation(len(values))[:2])
    side = SIDES[rng.integers(2)]
    template = TEMPLATES[form][rng.integers(len(TEMPLATES[form]))]
    words = {"a": plural(first, by), "b": plural(second, by)}
    text = template.format(side=side, other=opposite(side), **words)
    return Rule(form, by, first, second, side, text)


def plural(value: str, by: str) -> str:
    """Say which parts are meant: "gears", "red parts"."""
    return f"{value}s" if by == "kind" else f"{value} parts"


def draw_stream(
    rng: np.random.Generator, rule: Rule, colours: tuple[str, ...], count: int, alike: int
) -> list[tuple[str, str]]:
    """Draw kinds and colours of `count` parts, at most `alike` of a kind, in random order.

    At least half of them have to be taken off the belt, and there is one of each named sort.
    """
    values = PARTS if rule.by == "kind" else colours
    others = [v for v in values if v not in (rule.first, rule.second)]
    half = (count + 1) // 2
    if rule.form == "one":
        sorts = [rule.first] * half
        others.append(rule.second)
    elif rule.form == "rest":
        sorts = [rule.first] * int(rng.integers(1, half + 1))
        others.append(rule.second)
    else:
        first = int(rng.integers(1, half))
        sorts = [rule.first] * first + [rule.second] * (half - first + (count > 4))
    left = {kind: alike for kind in PARTS}
    if rule.by == "kind":
        for named in sorts:
            left[named] -= 1
    drawn = []
    for k in range(count):
        sort = sorts[k] if k < len(sorts) else None
        if rule.by == "colour":
            colour = sort or others[rng.integers(len(others))]
            kinds = [kind for kind in PARTS if left[kind]]
        else:
            colour = colours[rng.integers(len(colours))]
            kinds = [sort] if sort else [kind for kind in others if left[kind]]
        kind = kinds[rng.integers(len(kinds))]
        if not (rule.by == "kind" and sort):
            left[kind] -= 1
        drawn.append((kind, colour))
    return [drawn[i] for i in rng.permutation(count)]
