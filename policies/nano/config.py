"""The sizes of a nano model, as stored in its config.json."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.errors import PolicyError
from policies.types import EE_POSE_NAMES, ActionSpec

STATE_DIM = 15
ACTION_DIM = 7


@dataclass(frozen=True)
class NanoConfig:
    """Sizes of the network. `vocab` and `rate_hz` come from the data that it is trained on."""

    arch: str = "nano"
    vocab: int = 64
    max_tokens: int = 24
    cameras: tuple[str, ...] = ("front", "wrist")
    image_size: int = 96
    patch: int = 4
    channels: int = 48
    keypoints: int = 16
    text_width: int = 96
    context: int = 256
    head_width: int = 320
    head_blocks: int = 3
    horizon: int = 16
    flow_steps: int = 10
    rate_hz: float = 10.0
    detach_grounding: bool = True
    mixed: bool = True

    @property
    def spec(self) -> ActionSpec:
        """Say what the policy's actions mean."""
        return ActionSpec("ee_pose", EE_POSE_NAMES, self.rate_hz, self.horizon)

    def to_json(self) -> str:
        """Give the text of config.json."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str | Path = "config.json") -> "NanoConfig":
        """Read config.json; raises PolicyError for broken JSON or an unknown key."""
        try:
            values: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise PolicyError(f"{where} is not JSON: {error}") from error
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise PolicyError(f"{where} has unknown keys {', '.join(unknown)}")
        values["cameras"] = tuple(values.get("cameras", cls.cameras))
        return cls(**values)
