"""Reading numbers from URDF, with errors that name the file and whose they are."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from robots.errors import ModelError


def robot_of(path: Path) -> ET.Element:
    """Give the <robot> of a file; ModelError if it cannot be read or is none."""
    try:
        robot = ET.parse(path).getroot()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except ET.ParseError as error:
        raise ModelError(f"{path}: not valid XML ({error})") from None
    if robot.tag != "robot":
        raise ModelError(f"{path}: the outermost element is <{robot.tag}>, not <robot>")
    return robot


def rotation_from_rpy(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Give the rotation matrix (3, 3) of URDF's fixed-axis roll, pitch, yaw, radians."""
    cr, sr, cp, sp = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)
    cy, sy = np.cos(yaw), np.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def numbers(path: Path, owner: str, text: str | None, count: int, default: str) -> np.ndarray:
    """Read `count` finite numbers, or those of the default where there is no text."""
    words = (text or default).split()
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        raise ModelError(f"{path}: {owner}: {text!r} is not {count} numbers") from None
    if len(values) != count or not np.isfinite(values).all():
        raise ModelError(f"{path}: {owner}: {text!r} is not {count} finite numbers")
    return values


def number(path: Path, owner: str, element: ET.Element | None, key: str, default: str) -> float:
    """Read an element's attribute that is one finite number."""
    text = element.get(key) if element is not None else None
    return float(numbers(path, f"{owner} {key}", text, 1, default)[0])


def origin(path: Path, owner: str, element: ET.Element) -> tuple[np.ndarray, np.ndarray]:
    """Read the position (3,) and rotation (3, 3) of an element's <origin>."""
    found = element.find("origin")
    xyz = found.get("xyz") if found is not None else None
    rpy = found.get("rpy") if found is not None else None
    angles = numbers(path, owner, rpy, 3, "0 0 0")
    return numbers(path, owner, xyz, 3, "0 0 0"), rotation_from_rpy(*angles)
