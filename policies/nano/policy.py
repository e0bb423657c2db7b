"""The nano policy: a folder of weights that turns observations into chunks of tool poses."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from policies import export
from policies.architectures import build_model
from policies.errors import PolicyError
from policies.nano import tokenizer as words
from policies.nano.config import ACTION_DIM, NanoConfig
from policies.nano.frames import absolute_actions, encode_state
from policies.types import ActionChunk, ActionSpec, Observation


class FlowPolicy:
    """What every policy of ours shares: inputs, seeded noise, and outputs as `ee_pose`.

    The noise of the k-th chunk of an episode depends on the episode's seed and k alone.
    With `zero_noise` the flow begins at its mean instead: the policy is then a function.
    """

    def __init__(self, config: NanoConfig, tokenizer: Tokenizer, zero_noise: bool) -> None:
        self.config, self.tokenizer, self.zero_noise = config, tokenizer, zero_noise
        self._seed = self._count = 0

    @property
    def spec(self) -> ActionSpec:
        """Say what the actions mean."""
        return self.config.spec

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._seed, self._count = seed, 0

    def act(self, observation: Observation) -> ActionChunk:
        """Give a chunk of `ee_pose` actions; raises PolicyError for images of another size."""
        images = self._images(observation)
        state = encode_state(observation.q, np.array([observation.gripper]), observation.tool)
        tokens = words.encode(self.tokenizer, [observation.instruction])
        moves = self._sample(images, tokens, state[None], self._noise())[0]
        actions = absolute_actions(observation.tool, moves.astype(np.float64))
        return ActionChunk(actions, self.spec, observation.time_s)

    def _images(self, observation: Observation) -> np.ndarray:
        size = (self.config.image_size, self.config.image_size, 3)
        found = []
        for camera in self.config.cameras:
            image = observation.images.get(camera)
            if image is None:
                have = ", ".join(observation.images) or "none"
                raise PolicyError(f"the observation lacks camera {camera} (it has: {have})")
            if image.shape != size or image.dtype != np.uint8:
                raise PolicyError(
                    f"camera {camera} gave {image.dtype} {image.shape}; "
                    f"this policy takes uint8 {size}"
                )
            found.append(image)
        return np.stack(found)[None]

    def _noise(self) -> np.ndarray:
        shape = (1, self.config.horizon, ACTION_DIM)
        if self.zero_noise:
            return np.zeros(shape, np.float32)
        rng = np.random.default_rng([abs(self._seed), self._count])
        self._count += 1
        return rng.standard_normal(shape).astype(np.float32)

    def _sample(
        self, images: np.ndarray, tokens: np.ndarray, state: np.ndarray, noise: np.ndarray
    ) -> np.ndarray:
        raise NotImplementedError


class NanoPolicy(FlowPolicy):
    """A policy folder run by PyTorch: any `arch` that `train` can build.

    Raises PolicyError for a folder that is no policy, or weights that are broken.
    """

    def __init__(self, folder: str | Path, zero_noise: bool = False) -> None:
        config = export.read_config(folder)
        super().__init__(config, words.load(Path(folder) / export.TOKENIZER), zero_noise)
        self.folder = Path(folder)
        self.model = build_model(config)
        export.load_weights(folder, self.model)
        self.model.eval()

    @torch.inference_mode()
    def _sample(
        self, images: np.ndarray, tokens: np.ndarray, state: np.ndarray, noise: np.ndarray
    ) -> np.ndarray:
        inputs = [torch.from_numpy(x) for x in (images, tokens, state, noise)]
        moves: np.ndarray = self.model.sample(*inputs).numpy()  # type: ignore[operator]
        return moves
