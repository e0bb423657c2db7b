"""The shipped form of a policy: a folder with weights, sizes, vocabulary and licence."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn

from policies.errors import PolicyError
from policies.nano.config import NanoConfig

WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
LICENCE = (
    "The weights in this folder are licensed under the Apache License, Version 2.0.\n"
    "They were trained from scratch by Millhand on demonstrations of its own scripted expert.\n"
)


def save(folder: str | Path, model: nn.Module, config: NanoConfig, tokenizer: Tokenizer) -> None:
    """Write the folder; `load_weights` and `config` read it back."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().contiguous() for key, value in model.state_dict().items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt", "license": "apache-2.0"})
    (folder / CONFIG).write_text(config.to_json())
    (folder / TOKENIZER).write_text(tokenizer.to_str(pretty=True))
    (folder / "LICENSE").write_text(LICENCE)


def read_config(folder: str | Path) -> NanoConfig:
    """Read the folder's config.json; raises PolicyError when the folder is not a policy."""
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise PolicyError(f"{folder} is not a policy folder: it has no {CONFIG}")
    return NanoConfig.from_json(path.read_text(), path)


def load_weights(folder: str | Path, model: nn.Module) -> None:
    """Fill `model` from the folder's weights.

    Raises PolicyError that names the file, and the tensor, when it is missing, truncated, or
    holds a tensor of another name or shape or a number that is not finite.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise PolicyError(f"{folder} has no {WEIGHTS}")
    wanted = model.state_dict()
    try:
        with safe_open(path, framework="pt") as file:
            held = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise PolicyError(f"{path} is broken or truncated: {error}") from error
    for key in sorted(set(wanted) ^ set(held)):
        where = "lacks" if key in wanted else "has the unknown"
        raise PolicyError(f"{path} {where} tensor {key}")
    for key, tensor in held.items():
        if tensor.shape != wanted[key].shape:
            raise PolicyError(
                f"tensor {key} in {path} has shape {tuple(tensor.shape)}; "
                f"its {CONFIG} asks for {tuple(wanted[key].shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise PolicyError(f"tensor {key} in {path} holds a number that is not finite")
    model.load_state_dict(held)
