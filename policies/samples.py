"""Training samples: an observation and the chunk of actions that the expert gave from it on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from policies.dataset_reader import Arrays
from policies.errors import PolicyError
from policies.nano.config import NanoConfig
from policies.nano.frames import canonical, relative_actions

_NEEDED = {
    "observation.state": 15,
    "action": 8,
    "observation.target_position": 3,
    "observation.goal_position": 3,
}


@dataclass
class Samples:
    """Everything but the images, worked out once: `n` frames, float32.

    `state` (n, 15), `actions` (n, horizon, 7) raw, `mask` (n, horizon) is 0 past the episode's
    end, `ground` (n, 6), `tokens` (tasks, words); `train` and `validation` are frame numbers.
    """

    arrays: Arrays
    state: np.ndarray
    actions: np.ndarray
    mask: np.ndarray
    ground: np.ndarray
    tokens: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    cameras: tuple[str, ...]

    def batch(self, frames: np.ndarray) -> dict[str, Tensor]:
        """Give a batch of the model for the frame numbers `frames` (b,)."""
        images = np.stack([self.arrays.images[camera][frames] for camera in self.cameras], 1)
        columns = {
            "images": images,
            "tokens": self.tokens[self.arrays.task[frames]],
            "state": self.state[frames],
            "actions": self.actions[frames],
            "mask": self.mask[frames],
            "ground": self.ground[frames],
        }
        return {key: torch.from_numpy(value) for key, value in columns.items()}


def prepare(arrays: Arrays, config: NanoConfig, tokens: np.ndarray, seed: int = 0) -> Samples:
    """Work out chunks and split the episodes: one in twenty, at least one, for validation.

    Raises PolicyError for data that this model cannot learn from.
    """
    _check(arrays, config)
    state = arrays.columns["observation.state"].astype(np.float32)
    state = np.concatenate([state[:, :11], canonical(state[:, 11:])], 1)
    last = np.searchsorted(arrays.episode, arrays.episode, side="right") - 1
    ahead = np.arange(len(arrays))[:, None] + np.arange(config.horizon)
    mask = (ahead <= last[:, None]).astype(np.float32)
    chosen = arrays.columns["action"][np.minimum(ahead, last[:, None])]
    actions = relative_actions(state[:, 8:15], chosen).astype(np.float32)
    ground = [arrays.columns[f"observation.{name}_position"] for name in ("target", "goal")]
    episodes = np.unique(arrays.episode)
    if len(episodes) < 2:
        raise PolicyError("the data hold 1 episode; training needs at least 2, one to validate on")
    shuffled = np.random.default_rng(seed).permutation(episodes)
    held_out = np.isin(arrays.episode, shuffled[: max(1, len(episodes) // 20)])
    return Samples(
        arrays,
        state,
        actions,
        mask,
        np.concatenate(ground, 1).astype(np.float32),
        tokens[:, : max(1, int((tokens != 0).sum(1).max()))],
        train=np.flatnonzero(~held_out),
        validation=np.flatnonzero(held_out),
        cameras=config.cameras,
    )


def _check(arrays: Arrays, config: NanoConfig) -> None:
    for name, dims in _NEEDED.items():
        if name not in arrays.columns:
            raise PolicyError(f"the data lack {name}; they have {', '.join(arrays.columns)}")
        if arrays.columns[name].shape[1] != dims:
            raise PolicyError(f"{name} has {arrays.columns[name].shape[1]} numbers, not {dims}")
        if not np.isfinite(arrays.columns[name]).all():
            raise PolicyError(f"{name} holds a number that is not finite")
    size = (config.image_size, config.image_size, 3)
    for camera in config.cameras:
        if camera not in arrays.images:
            raise PolicyError(
                f"the data lack camera {camera}; they have {', '.join(arrays.images)}"
            )
        if arrays.images[camera].shape[1:] != size:
            held = arrays.images[camera].shape[1:]
            raise PolicyError(f"camera {camera} has images {held}; the model takes {size}")


class Augment:
    """Changes of light, none of shape: a shift of the picture would belie where things are.

    A brightness, contrast and colour balance a sample and camera, small enough that red stays
    red, and noise from a fixed bank (drawing fresh noise costs more than the network's stem).
    """

    def __init__(self, seed: int, strength: float = 1.0) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.strength = strength
        self.bank = torch.randn(1 << 22, generator=self.generator) * (4.0 * strength)
        self.bank = self.bank.to(torch.bfloat16)

    def __call__(self, images: Tensor) -> Tensor:
        """Give bfloat16 images in about 0..255 for uint8 images (b, cameras, h, w, 3)."""
        b, cameras, height, width, _ = images.shape
        draw = torch.rand(3, b, cameras, 1, 1, 3, generator=self.generator) * 2 - 1
        contrast = 1 + self.strength * (0.12 * draw[0, ..., :1] + 0.04 * draw[1])
        bright = self.strength * 18 * draw[2, ..., :1] + 128 * (1 - contrast)
        # One long innermost dimension: broadcasting over three numbers is slow.
        flat = images.reshape(b, cameras, height, width * 3).to(torch.bfloat16)
        gain, lift = (
            x.to(torch.bfloat16).expand(-1, -1, -1, width, -1).reshape(b, cameras, 1, -1)
            for x in (contrast, bright)
        )
        flat = torch.addcmul(lift, flat, gain)
        return flat.view(images.shape).add_(self._noise(images.numel()).view(images.shape))

    def _noise(self, count: int) -> Tensor:
        start = int(torch.randint(len(self.bank) // 2, (1,), generator=self.generator))
        stretch = self.bank[start:]
        copies = -(-count // len(stretch))
        return stretch.repeat(copies)[:count] if copies > 1 else stretch[:count]
