"""Make the light visual meshes of the A1 in this folder from the ones in pybullet_data.

    python -m sim.assets.reduce_a1

The full meshes hold about 76,000 triangles a robot. Links that have only a collision shape, which
Bullet would draw in odd colours, get a speck that nobody sees. Joints, masses and collision
shapes are taken over unchanged. Originals: unitree_ros, BSD-3-Clause (see LICENSES.md).
"""

import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

from sim.assets import meshes

HERE = Path(__file__).parent / "a1"
TRIANGLES = {"trunk": 2000, "hip": 300, "thigh": 500, "thigh_mirror": 500, "calf": 300}
AGGRESSION = 7.0
COLOURS = {
    "trunk": "0.17 0.18 0.20 1",
    "hip": "0.30 0.31 0.33 1",
    "thigh": "0.90 0.44 0.08 1",
    "thigh_mirror": "0.90 0.44 0.08 1",
    "calf": "0.20 0.21 0.23 1",
    "sole": "0.06 0.06 0.07 1",
}


def reduce_mesh(source: Path) -> None:
    """Write the light mesh of one link."""
    full = meshes.read_obj(source)
    light = meshes.simplify(*full, TRIANGLES[source.stem], AGGRESSION)
    meshes.write_obj(HERE / source.name, *light)
    print(f"{source.stem}: {len(full[1])} -> {len(light[1])} triangles")


def paint(visual: ET.Element, part: str) -> None:
    """Give a visual the colour of a part."""
    for old in visual.findall("material"):
        visual.remove(old)
    material = ET.SubElement(visual, "material", name=f"a1_{part}")
    ET.SubElement(material, "color", rgba=COLOURS[part])


def main() -> None:
    spec = find_spec("pybullet_data")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "a1"
    HERE.mkdir(exist_ok=True)
    for part in TRIANGLES:
        reduce_mesh(folder / "meshes" / f"{part}.obj")
    tree = ET.parse(folder / "a1.urdf")
    root = tree.getroot()
    for material in root.findall("material"):
        root.remove(material)
    for link in root.findall("link"):
        visual = link.find("visual")
        if visual is None:
            visual = ET.SubElement(link, "visual")
            ET.SubElement(ET.SubElement(visual, "geometry"), "sphere", radius="0.001")
            paint(visual, "sole")
            continue
        mesh = visual.find("geometry/mesh")
        if mesh is None:
            paint(visual, "sole")
            ball = visual.find("geometry/sphere")
            if ball is not None:
                ball.set("radius", "0.02")
            continue
        part = Path(mesh.attrib["filename"]).stem
        mesh.set("filename", f"{part}.obj")
        paint(visual, part)
    ET.indent(tree)
    tree.write(HERE / "a1.urdf")


if __name__ == "__main__":
    main()
