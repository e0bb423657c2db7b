"""Minds: policies, the runner, datasets, training and evaluation."""

import difflib
from pathlib import Path

from policies.errors import PolicyError
from policies.types import ActionChunk, ActionSpec, Observation, Policy

__all__ = [
    "ActionChunk",
    "ActionSpec",
    "Observation",
    "Policy",
    "PolicyError",
    "is_installed",
    "load",
    "shipped",
]

_WEIGHTS = Path(__file__).parent / "weights"
_SHIPPED = {
    "nano": "small flow-matching VLA, two 96x96 cameras, trained here from scratch",
    "expert": "the task's scripted expert, which sees the true state",
}


def shipped() -> dict[str, str]:
    """Give name and one line of each policy that comes with Millhand."""
    return dict(_SHIPPED)


def is_installed(name: str) -> bool:
    """Say whether a shipped policy's files are there."""
    return name == "expert" or (_WEIGHTS / name / "model.safetensors").is_file()


def load(name: str | Path, zero_noise: bool = False) -> Policy:
    """Load a shipped policy by name, a policy folder, or an `.onnx` file.

    Raises PolicyError for a name that is none of these, with the nearest that is; and for
    `expert`, which belongs to an environment and not to a file.
    """
    path = Path(name)
    if str(name) == "expert":
        raise PolicyError("expert has no weights: wrap an environment in policies.expert.Expert")
    if path.suffix == ".onnx":
        from policies.onnx_policy import OnnxPolicy

        return OnnxPolicy(path, zero_noise)
    folder = _WEIGHTS / str(name) if str(name) in _SHIPPED else path
    if folder.is_dir():
        from policies.nano.policy import NanoPolicy

        return NanoPolicy(folder, zero_noise)
    if str(name) in _SHIPPED:
        raise PolicyError(f"policy {name} ships in {folder}, which is missing")
    near = difflib.get_close_matches(str(name), _SHIPPED, 1, 0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise PolicyError(
        f"unknown policy {str(name)!r}{hint} "
        f"(policies: {', '.join(_SHIPPED)}, a policy folder, or an .onnx file)"
    )
