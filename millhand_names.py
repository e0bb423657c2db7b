"""Millhand's packages in a project that has packages of the same names.

`drivers`, `hardware` and `robots` are words that a project on robots uses as well, and pytest
puts the project's folders first on the path. One package of a name is imported, and each side
finds in it what is its own, as long as no module has the same name on both sides.
"""

import ast
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

OURS = ("drivers", "hardware", "robots")
ROOT = Path(__file__).resolve().parent


class Clash(ImportError):
    """A project and Millhand have a module of the same name."""


class _OtherFolder:
    """Looks for a module in the folders that the package which was imported is not."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Give the spec of `drivers.x` where the usual finders had none."""
        package, _, module = name.partition(".")
        if package not in OURS or not module or "." in module:
            return None
        folders = [str(ROOT / package), *(str(Path(folder, package)) for folder in sys.path)]
        return PathFinder.find_spec(name, folders)


def install() -> None:
    """Have both sides' modules found from now on, wherever the path alone misses them."""
    if _OtherFolder not in sys.meta_path:
        # Before what another, editable installation of Millhand may have put there.
        sys.meta_path.insert(sys.meta_path.index(PathFinder) + 1, _OtherFolder)


def claim() -> None:
    """Make sure that importing a package of ours gives what it has.

    Raises Clash, with what to rename, where a project's package cannot stand beside it.
    """
    for name in OURS:
        own = ROOT / name
        imported = [place for place in _places(name) if not _same(place, own)]
        on_path = [Path(folder, name) for folder in sys.path if Path(folder, name).is_dir()]
        for place in imported:
            _refuse_to_hide(name, own, place)
        for place in (*imported, *on_path):
            if not _same(place, own):
                _refuse_same_modules(name, own, place)
        if imported and _has_code(own):
            _import(name, own)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def _places(name: str) -> list[Path]:
    """Give the folders, or the file, that importing a name leads to."""
    module = sys.modules.get(name)
    spec = PathFinder.find_spec(name) if module is None else None
    path = spec.submodule_search_locations if spec else getattr(module, "__path__", None)
    file = spec.origin if spec else getattr(module, "__file__", None)
    return [Path(place) for place in path or ([file] if file else [])]


def _refuse_to_hide(name: str, own: Path, theirs: Path) -> None:
    """Raise Clash where a project's module or package leaves no room for ours."""
    if not theirs.is_dir():
        raise Clash(f"{theirs} hides Millhand's package {name}, which the board fixture needs; "
                    "rename it")  # fmt: skip
    if _has_code(own) and _has_code(theirs):
        raise Clash(
            f"{theirs / '__init__.py'} and Millhand's package {name} cannot both be {name}, and "
            "the board fixture needs Millhand's; rename the project's, or empty its __init__.py"
        )


def _refuse_same_modules(name: str, own: Path, theirs: Path) -> None:
    """Raise Clash where two packages have a module of the same name: one would be hidden."""
    modules = {path.stem for path in own.glob("*.py")} | {
        path.parent.name for path in own.glob("*/__init__.py")
    }
    taken = {path.name for path in theirs.iterdir() if path.is_dir()} | {
        path.name.partition(".")[0] for path in theirs.iterdir() if path.suffix in (".py", ".so")
    }
    same = sorted(modules & taken - {"__init__"})
    if same:
        raise Clash(
            f"{theirs} and Millhand's package {name}, which the board fixture needs, both have "
            f"{', '.join(same)}; rename the project's"
        )


def _has_code(package: Path) -> bool:
    """Say whether importing a package does more than to find its modules."""
    file = package / "__init__.py"
    if not file.is_file():
        return False
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return not all(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in body
    )


def _import(name: str, own: Path) -> None:
    """Import our package by its name, whatever the path says; what was imported of it stays."""
    spec = spec_from_file_location(name, own / "__init__.py", submodule_search_locations=[str(own)])
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    for full, child in list(sys.modules.items()):
        package, _, rest = full.partition(".")
        if package == name and rest and "." not in rest:
            setattr(module, rest, child)
    sys.modules[name] = module
    spec.loader.exec_module(module)
