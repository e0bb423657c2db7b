"""Mobile bases: bodies on driven wheels, with what the URDF does not say."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from robots.errors import check_name

ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class MobileBase:
    """A base with driven wheels on its left and right side. SI units.

    `joint_names` are the left side's, then as many of the right. `track` is the effective one:
    the distance between two wheels without side slip that would turn the base as these do.
    `outline` is half its length and width, wheels included, about `base_link`; `height` is that
    of `base_link` over the ground; `deck` is the middle (3,) of the loading deck in `base_link`.
    """

    name: str
    urdf: Path
    joint_names: tuple[str, ...]
    radius: float
    track: float
    outline: tuple[float, float]
    height: float
    deck: tuple[float, float, float]
    v_max: float
    dv_max: float
    ddv_max: float
    w_max: float
    dw_max: float
    ddw_max: float
    wheel_max: float
    tau_max: float
    kp: float
    ki: float


def names() -> list[str]:
    """Give the names of all mobile bases."""
    return list(BASES)


def load(name: str) -> MobileBase:
    """Give a mobile base by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    check_name("mobile base", name, BASES)
    return BASES[name]()


@lru_cache
def husky() -> MobileBase:
    """Clearpath Husky A200 with a loading deck of our own.

    Masses, wheel positions and sizes are those of Clearpath's husky_description (BSD), as shipped
    in pybullet_data. 1 m/s is its top speed, and the limit in Clearpath's husky_control, which
    allows 2 rad/s, 3 m/s^2 and 6 rad/s^2; the yaw rate and accelerations here are lower and the
    jerk limits ours, for a load that only friction and a rim hold. Four wheels that do not steer
    scrub sideways as it turns. The track that makes up for it, 1.26 times the distance between
    the wheels, was measured in simulation and belongs to `SCRUB` in `sim.rigs.drive`; for the real
    one on its own tyres Clearpath gives 1.875 (`wheel_separation_multiplier`). `tau_max` and the
    gains are ours: the ground lets a wheel push with some 11 N m before it slips.
    """
    return MobileBase(
        name="husky",
        urdf=ASSETS / "husky" / "husky.urdf",
        joint_names=(
            "front_left_wheel",
            "rear_left_wheel",
            "front_right_wheel",
            "rear_right_wheel",
        ),
        radius=0.17775,
        track=0.72,
        outline=(0.51, 0.345),
        height=0.14493,
        deck=(0.0, 0.0, 0.27),
        v_max=1.0,
        dv_max=0.8,
        ddv_max=6.0,
        w_max=1.2,
        dw_max=2.0,
        ddw_max=20.0,
        wheel_max=9.0,
        tau_max=40.0,
        kp=15.0,
        ki=200.0,
    )


BASES = {"husky": husky}
