"""A policy as one ONNX file: the whole sampling in the graph, noise as an input.

The file carries its config and tokenizer as metadata, so it needs nothing beside it.
"""

import io
import logging
import warnings
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from policies.errors import PolicyError
from policies.nano.config import ACTION_DIM, STATE_DIM, NanoConfig
from policies.nano.policy import FlowPolicy, NanoPolicy
from policies.types import Observation, Policy

INPUTS = ("images", "tokens", "state", "noise")


class _Sampler(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, tokens: Tensor, state: Tensor, noise: Tensor) -> Tensor:
        moves: Tensor = self.model.sample(images, tokens, state, noise)  # type: ignore[operator]
        return moves


def export(policy: NanoPolicy, path: str | Path) -> Path:
    """Write `policy` as an ONNX file of batch 1; give its path."""
    config, path = policy.config, Path(path)
    size = config.image_size
    inputs = (
        torch.zeros(1, len(config.cameras), size, size, 3, dtype=torch.uint8),
        torch.ones(1, config.max_tokens, dtype=torch.int64),
        torch.zeros(1, STATE_DIM),
        torch.zeros(1, config.horizon, ACTION_DIM),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                _Sampler(policy.model).eval(),
                inputs,
                input_names=list(INPUTS),
                output_names=["moves"],
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
    model = program.model_proto  # type: ignore[union-attr]
    onnx.helper.set_model_props(
        model, {"config": config.to_json(), "tokenizer": policy.tokenizer.to_str()}
    )
    onnx.save(model, str(path))
    return path


class OnnxPolicy(FlowPolicy):
    """A policy run by ONNX Runtime; gives what the exported NanoPolicy gives.

    Raises PolicyError for a file that is not such a policy.
    """

    def __init__(self, path: str | Path, zero_noise: bool = False) -> None:
        if not Path(path).is_file():
            raise PolicyError(f"no ONNX file {path}")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises classes that it does not export
            raise PolicyError(f"{path} is not a usable ONNX file: {error}") from error
        held = self.session.get_modelmeta().custom_metadata_map
        missing = [key for key in ("config", "tokenizer") if key not in held]
        if missing:
            raise PolicyError(f"{path} was not exported by Millhand: no {', '.join(missing)} in it")
        config = NanoConfig.from_json(held["config"], path)
        super().__init__(config, Tokenizer.from_str(held["tokenizer"]), zero_noise)

    def _sample(
        self, images: np.ndarray, tokens: np.ndarray, state: np.ndarray, noise: np.ndarray
    ) -> np.ndarray:
        feed = dict(zip(INPUTS, (images, tokens, state, noise), strict=True))
        moves: np.ndarray = self.session.run(None, feed)[0]
        return moves


def largest_difference(one: Policy, other: Policy, observations: Iterable[Observation]) -> float:
    """Give the largest absolute difference of two policies' actions on the same observations.

    In the actions' own units: metres, quaternion components, gripper share. Each observation
    begins an episode, its number being the seed.
    """
    worst = 0.0
    for seed, observation in enumerate(observations):
        one.reset(seed)
        other.reset(seed)
        gap = np.abs(one.act(observation).actions - other.act(observation).actions)
        worst = max(worst, float(gap.max()))
    return worst
