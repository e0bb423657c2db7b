"""Draw one move of three joints as each planner makes it: `python -m robots.trajectories.plot`."""

import sys

import numpy as np

from robots.trajectories import Trajectory, jerk_limited, quintic, rest, trapezoid

COLOURS = ("#0b62a4", "#d1495b", "#5a9367")
QUANTITIES = ("q [rad]", "dq [rad/s]", "ddq [rad/s²]", "jerk [rad/s³]")
WAY = np.array([1.6, -0.7, 0.25])
LIMITS = np.array([[1.8, 1.8, 1.8], [7.0, 7.0, 7.0], [60.0, 60.0, 60.0]])


def moves() -> dict[str, Trajectory]:
    """Give the same move, from rest to rest within the same limits, by each planner's name."""
    start = np.zeros(3)
    shortest = quintic.shortest(start, WAY, *LIMITS)
    return {
        "quintic": quintic.between(rest(start), rest(WAY), shortest),
        "trapezoid": trapezoid.between(start, WAY, *LIMITS[:2]),
        "jerk-limited": jerk_limited.between(start, WAY, *LIMITS),
    }


def draw(path: str) -> None:
    """Write the picture: a column for each planner, a row for each of q, dq, ddq and jerk."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    planned = moves()
    longest = 1.05 * max(move.duration for move in planned.values())
    figure, panels = pyplot.subplots(4, 3, figsize=(10, 8), sharex=True, sharey="row")
    for column, (name, move) in zip(panels.T, planned.items(), strict=True):
        t = np.linspace(-0.04, longest, 6001)
        motion = move.samples(t)
        jerk = np.gradient(motion.ddq, t, axis=0)
        if name == "trapezoid":
            jerk[:] = np.nan
            column[3].text(0.5, 0.5, "impulses", transform=column[3].transAxes, ha="center")
        for k, (panel, values) in enumerate(zip(column, (*motion, jerk), strict=True)):
            for joint, colour in enumerate(COLOURS):
                panel.plot(t, values[:, joint], color=colour, label=f"joint {joint + 1}")
            if k > 0:
                for sign in (-1, 1):
                    panel.axhline(sign * LIMITS[k - 1, 0], color="0.5", lw=0.8, ls="--")
            panel.axvline(move.duration, color="0.8", lw=0.8, zorder=0)
            panel.spines[["top", "right"]].set_visible(False)
        column[0].set_title(f"{name}: {move.duration:.3f} s", fontsize=11)
        column[3].set_xlabel("t [s]")
    for panel, quantity in zip(panels[:, 0], QUANTITIES, strict=True):
        panel.set_ylabel(quantity)
    panels[0, 0].legend(frameon=False, fontsize=8)
    figure.align_ylabels(panels[:, 0])
    figure.tight_layout()
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    draw(sys.argv[1] if len(sys.argv) > 1 else "docs/trajectories.png")
