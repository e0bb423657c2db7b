"""Make the light visual meshes of the Panda in this folder from the ones in pybullet_data.

    python -m sim.assets.reduce_panda

The full meshes hold about 100,000 triangles, and drawing those is nearly the whole cost of
an image. Each link becomes at most two meshes, its light and its dark surfaces, coloured by
the URDF that this writes. Everything but the visuals is taken over from the original URDF
unchanged. Originals: franka_description, Apache-2.0 (see LICENSES.md beside this file).
"""

import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from sim.assets import meshes

HERE = Path(__file__).parent
TRIANGLES_PER_LINK = 1400
COLOURS = {"light": "0.93 0.94 0.95 1", "dark": "0.22 0.23 0.26 1"}


def read_obj(path: Path, texture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give vertices (n, 3), triangles (m, 3) and whether each triangle is dark (m,)."""
    vertices, uvs, triangles, dark = [], [], [], []
    colours = material_colours(path.with_suffix(".mtl"))
    colour, textured = 1.0, False
    for line in path.read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif word == "vt":
            uvs.append([float(x) for x in rest[:2]])
        elif word == "usemtl":
            colour, textured = colours.get(rest[0], (1.0, False))
        elif word == "f":
            corners = [corner.split("/") for corner in rest]
            light = colour
            if textured and len(corners[0]) > 1 and corners[0][1]:
                u, v = np.mean([uvs[int(corner[1]) - 1] for corner in corners], axis=0) % 1.0
                light = texture[int((1 - v) * 1023), int(u * 1023)].mean() / 255
            for k in range(1, len(corners) - 1):
                triangles.append([int(corners[i][0]) - 1 for i in (0, k, k + 1)])
                dark.append(light < 0.6)
    return np.array(vertices), np.array(triangles), np.array(dark)


def material_colours(path: Path) -> dict[str, tuple[float, bool]]:
    """Give each material's brightness and whether it is textured."""
    colours: dict[str, tuple[float, bool]] = {}
    name = ""
    for line in path.read_text().splitlines() if path.exists() else []:
        word, *rest = line.split() or [""]
        if word == "newmtl":
            name = rest[0]
        elif word == "Kd":
            colours[name] = (float(np.mean([float(x) for x in rest])), False)
        elif word == "map_Kd":
            colours[name] = (colours[name][0], True)
    return colours


def reduce_link(source: Path, name: str, texture: np.ndarray) -> list[tuple[str, str]]:
    """Write the light meshes of one link; give (file name, colour) of each."""
    vertices, triangles, dark = read_obj(source, texture)
    written = []
    for colour, chosen in (("light", ~dark), ("dark", dark)):
        if chosen.sum() < 20:
            continue
        wanted = max(60, int(TRIANGLES_PER_LINK * chosen.mean()))
        points, faces = meshes.simplify(vertices, triangles[chosen], wanted, aggression=7)
        meshes.write_obj(HERE / "panda" / f"{name}_{colour}.obj", points, faces)
        print(f"{name}_{colour}: {chosen.sum()} -> {len(faces)} triangles")
        written.append((f"{name}_{colour}.obj", colour))
    return written


def main() -> None:
    spec = find_spec("pybullet_data")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "franka_panda"
    texture = np.array(Image.open(folder / "meshes/visual/colors.png").convert("RGB"))
    tree = ET.parse(folder / "panda.urdf")
    done: dict[str, list[tuple[str, str]]] = {}
    for link in tree.getroot().findall("link"):
        for visual in link.findall("visual"):
            mesh = visual.find("geometry/mesh")
            assert mesh is not None
            source = folder / mesh.attrib["filename"].removeprefix("package://")
            name = source.stem
            if name not in done:
                done[name] = reduce_link(source, name, texture)
            link.remove(visual)
            for file, colour in done[name]:
                link.append(visual_element(file, colour, visual.find("origin")))
        for collision in link.findall("collision/geometry/mesh"):
            collision.attrib["filename"] = "collision/" + Path(collision.attrib["filename"]).name
    (HERE / "panda" / "collision").mkdir(exist_ok=True)
    for mesh_file in (folder / "meshes/collision").glob("*.obj"):
        meshes.copy_obj(mesh_file, HERE / "panda" / "collision" / mesh_file.name)
    ET.indent(tree)
    tree.write(HERE / "panda" / "panda.urdf")


def visual_element(file: str, colour: str, origin: ET.Element | None) -> ET.Element:
    """Give the URDF element of one visual mesh."""
    visual = ET.Element("visual")
    if origin is not None:
        visual.append(origin)
    ET.SubElement(ET.SubElement(visual, "geometry"), "mesh", filename=file)
    material = ET.SubElement(visual, "material", name=f"panda_{colour}")
    ET.SubElement(material, "color", rgba=COLOURS[colour])
    return visual


if __name__ == "__main__":
    main()
