"""The networks that `train` can build, by name."""

import difflib

from torch import nn

from policies.errors import PolicyError
from policies.nano.config import NanoConfig

ARCHITECTURES = {
    "nano": "convolutional eyes that ground the instruction, flow-matching head",
    "pi0": "the real pi0 architecture of transformers, shrunk; for comparison",
}


def build_model(config: NanoConfig) -> nn.Module:
    """Give an untrained network; raises PolicyError for an unknown `config.arch`."""
    if config.arch == "nano":
        from policies.nano.model import NanoModel

        return NanoModel(config)
    if config.arch == "pi0":
        from policies.pi0 import Pi0Model

        return Pi0Model(config)
    near = difflib.get_close_matches(config.arch, ARCHITECTURES, 1, 0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise PolicyError(
        f"unknown arch {config.arch!r}{hint} (choose from {', '.join(ARCHITECTURES)})"
    )
