"""Make the KUKA iiwa and the UFACTORY xArm 6 in robots/assets from what pybullet_data ships.

    python -m sim.assets.make_arms

Joints, link masses and centres are the vendors'. What changes: visual and collision meshes are
reduced and coloured, our parallel gripper is bolted to the flange, joint damping is dropped, and
each link gets the inertia of the motor that drives it (see `ARMS`).
"""

import copy
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sim.assets import meshes

TARGET = Path(__file__).parents[2] / "robots" / "assets"
COLOURS = {
    "silver": "0.80 0.82 0.84 1",
    "white": "0.88 0.89 0.90 1",
    "dark": "0.24 0.25 0.28 1",
    "orange": "0.96 0.42 0.10 1",
}

MOMENTS = ("xx", "xy", "xz", "yy", "yz", "zz")


@dataclass(frozen=True)
class Arm:
    """How to make one arm. What is given by link has its default under "".

    `rotor` is the inertia, kg m^2, that each motor and its gear show at the joint. Bullet has no
    such term, so it is added to the driven link's inertia about the joint's axis. `stand` is
    where the vendor's root link stands in the frame that all poses are given in.
    """

    source: str
    flange: str
    flange_xyz: str
    flange_rpy: str
    triangles: dict[str, int]
    colours: dict[str, str]
    rotor: tuple[float, ...]
    stand: str = ""


ARMS = {
    "iiwa": Arm(
        source="kuka_iiwa/model.urdf",
        flange="lbr_iiwa_link_7",
        flange_xyz="0 0 0.045",
        flange_rpy="0 0 3.141592653589793",
        triangles={"": 1300},
        colours={
            "lbr_iiwa_link_0": "dark",
            "lbr_iiwa_link_3": "orange",
            "lbr_iiwa_link_6": "orange",
            "lbr_iiwa_link_7": "dark",
            "": "silver",
        },
        rotor=(0.3, 0.3, 0.2, 0.2, 0.1, 0.05, 0.05),
        # It cannot fold to less than 0.41 m; further back it covers what the others do.
        stand="-0.10 0 0",
    ),
    "xarm6": Arm(
        source="xarm/xarm6_robot.urdf",
        flange="link6",
        flange_xyz="0 0 0",
        flange_rpy="0 0 0",
        triangles={
            "link_base": 800,
            "link1": 1200,
            "link2": 4800,
            "link5": 1500,
            "link6": 500,
            "": 1300,
        },
        colours={"link_base": "silver", "link6": "dark", "": "white"},
        rotor=(0.2, 0.2, 0.15, 0.05, 0.05, 0.03),
    ),
}


def main() -> None:
    spec = find_spec("pybullet_data")
    assert spec is not None and spec.origin is not None
    for name, arm in ARMS.items():
        make(name, arm, Path(spec.origin).parent / arm.source)


def make(name: str, arm: Arm, source: Path) -> None:
    """Write one arm's URDF and meshes."""
    folder = TARGET / name
    folder.mkdir(parents=True, exist_ok=True)
    vendor = ET.parse(source).getroot()
    made = ET.Element("robot", name=name)
    made.append(ET.Comment(" Made by sim/assets/make_arms.py; see LICENSE beside this file. "))
    for colour in sorted(set(arm.colours.values())):
        material = ET.SubElement(made, "material", name=colour)
        ET.SubElement(material, "color", rgba=COLOURS[colour])
    if arm.stand:
        made.append(ET.Element("link", name="world"))
        stand = ET.SubElement(made, "joint", name="stand", type="fixed")
        ET.SubElement(stand, "parent", link="world")
        ET.SubElement(stand, "child", link=vendor.find("link").attrib["name"])  # type: ignore[union-attr]
        ET.SubElement(stand, "origin", xyz=arm.stand, rpy="0 0 0")
    counts = [0, 0]
    joints = vendor.findall("joint")
    driven = {j.find("child").attrib["link"]: j for j in joints}  # type: ignore[union-attr]
    turning = [j.attrib["name"] for j in joints if j.attrib["type"] == "revolute"]
    for link in vendor.findall("link"):
        made.append(light_link(link, arm, source.parent, folder, counts))
    for link in made.findall("link"):
        joint = driven.get(link.attrib["name"])
        if joint is not None and joint.attrib["name"] in turning:
            add_rotor(link, joint, arm.rotor[turning.index(joint.attrib["name"])])
    for joint in joints:
        for dynamics in joint.findall("dynamics"):
            joint.remove(dynamics)
        origin = joint.find("origin")
        assert origin is not None
        # Right angles were written with five digits; the home pose is to be exact.
        origin.attrib["rpy"] = " ".join(exact(x) for x in origin.attrib["rpy"].split())
        made.append(joint)
    mount = ET.SubElement(made, "joint", name="gripper_mount", type="fixed")
    ET.SubElement(mount, "parent", link=arm.flange)
    ET.SubElement(mount, "child", link="gripper")
    ET.SubElement(mount, "origin", xyz=arm.flange_xyz, rpy=arm.flange_rpy)
    made.extend(ET.parse(TARGET / "parallel_gripper.urdf").getroot())
    for link in made.findall("link"):
        if link.find("inertial") is None:
            # A frame. Without these zeros Bullet would take it for a kilogram.
            inertial = ET.SubElement(link, "inertial")
            ET.SubElement(inertial, "mass", value="0")
            ET.SubElement(inertial, "inertia", {f"i{ab}": "0" for ab in MOMENTS})
    ET.indent(made)
    ET.ElementTree(made).write(folder / f"{name}.urdf")
    print(f"{name}: {counts[0]} -> {counts[1]} triangles drawn")


def light_link(
    link: ET.Element, arm: Arm, source: Path, folder: Path, counts: list[int]
) -> ET.Element:
    """Give a copy of a vendor's link with light meshes, and write those."""
    light = ET.Element("link", link.attrib)
    inertial = link.find("inertial")
    if inertial is not None:
        light.append(copy.deepcopy(inertial))
        mass = inertial.find("mass")
        if mass is not None and float(mass.attrib["value"]) == 0.0:
            # The base; Bullet fixes a body whose base has no mass, whatever it is told.
            light.find("inertial/mass").attrib["value"] = "5"  # type: ignore[union-attr]
    name = link.attrib["name"]
    colour = arm.colours.get(name, arm.colours[""])
    drawn = arm.triangles.get(name, arm.triangles[""])
    for kind, wanted in (("visual", drawn), ("collision", 120)):
        for element in link.findall(kind):
            mesh = element.find("geometry/mesh")
            assert mesh is not None
            path = source / mesh.attrib["filename"].removeprefix("package://")
            read = meshes.read_obj if path.suffix == ".obj" else meshes.read_stl
            vertices, triangles = read(path)
            points, faces = meshes.simplify(vertices, triangles, wanted)
            short = name.removeprefix("lbr_iiwa_")
            file = f"{short}.obj" if kind == "visual" else f"{short}_hull.obj"
            meshes.write_obj(folder / file, points, faces)
            if kind == "visual":
                counts[0] += len(triangles)
                counts[1] += len(faces)
            written = ET.SubElement(light, kind)
            ET.SubElement(ET.SubElement(written, "geometry"), "mesh", filename=file)
            if kind == "visual":
                ET.SubElement(written, "material", name=colour)
    return light


def exact(angle: str) -> str:
    """Give an angle with all its digits where it is a rounded multiple of a right angle."""
    turns = round(float(angle) / (np.pi / 2))
    return f"{turns * np.pi / 2!r}" if abs(float(angle) - turns * np.pi / 2) < 1e-4 else angle


def add_rotor(link: ET.Element, joint: ET.Element, rotor: float) -> None:
    """Add a motor's inertia about its joint's axis, which these arms have along z."""
    axis, tensor = joint.find("axis"), link.find("inertial/inertia")
    assert axis is not None and tensor is not None
    assert np.allclose([float(x) for x in axis.attrib["xyz"].split()], [0, 0, 1])
    # As a disc: more about its axis than about the others together no body has, and Bullet checks.
    for key, share in (("ixx", 0.501), ("iyy", 0.501), ("izz", 1.0)):
        tensor.attrib[key] = f"{float(tensor.attrib[key]) + share * rotor:.6g}"


if __name__ == "__main__":
    main()
