"""The real pi0 of `transformers`, shrunk or as released, behind nano's interface.

Shrunk and trained from scratch it is the yardstick that nano is compared with. The same class
takes released weights: `Pi0Model.from_pretrained`. State and actions are padded to the widths
that the model has (32 in pi0); its flow runs from noise at 1 to actions at 0.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from policies.errors import PolicyError
from policies.nano.config import ACTION_DIM, NanoConfig
from policies.nano.normalise import GROUND_DIM, Normaliser


def tiny(config: NanoConfig) -> Any:
    """Give a PI0Config of about 5 M parameters: 64 tokens an image, four layers everywhere."""
    from transformers import PI0Config

    heads = {"num_hidden_layers": 4, "num_attention_heads": 4}
    text = {
        "model_type": "gemma",
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_key_value_heads": 1,
        "head_dim": 64,
        "vocab_size": config.vocab + 1,
        **heads,
    }
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": 192,
        "intermediate_size": 384,
        "patch_size": config.image_size // 8,
        "image_size": config.image_size,
        "vision_use_head": False,
        **heads,
    }
    expert = {
        "model_type": "gemma",
        "hidden_size": 192,
        "intermediate_size": 384,
        "num_key_value_heads": 1,
        "head_dim": 64,
        **heads,
    }
    return PI0Config(
        vlm_config={
            "model_type": "paligemma",
            "text_config": text,
            "vision_config": vision,
            "projection_dim": 256,
            "image_token_id": config.vocab,
        },
        dit_config=expert,
        chunk_size=config.horizon,
        num_inference_steps=config.flow_steps,
    )


class Pi0Model(nn.Module):
    """pi0 with our normalisation; batches as in `NanoModel`.

    `inner` replaces the tiny model, for example by a released one.
    """

    def __init__(self, config: NanoConfig, inner: Any = None) -> None:
        super().__init__()
        from transformers import PI0ForConditionalGeneration

        self.config = config
        self.normaliser = Normaliser(config.horizon)
        self.inner = PI0ForConditionalGeneration(tiny(config)) if inner is None else inner
        held = self.inner.config
        if held.chunk_size < config.horizon or held.max_action_dim < ACTION_DIM:
            raise PolicyError(
                f"this pi0 gives chunks of {held.chunk_size} x {held.max_action_dim}; "
                f"needed are {config.horizon} x {ACTION_DIM}"
            )

    @classmethod
    def from_pretrained(cls, folder: str | Path, config: NanoConfig) -> "Pi0Model":
        """Load pi0 weights in the format of transformers, such as the released ones.

        `config.image_size` and `config.vocab` have to be those of the weights.
        """
        from transformers import PI0ForConditionalGeneration

        try:
            return cls(config, PI0ForConditionalGeneration.from_pretrained(folder))
        except OSError as error:
            raise PolicyError(f"no pi0 weights in {folder}: {error}") from error

    def _inputs(self, images: Tensor, tokens: Tensor, state: Tensor) -> dict[str, Tensor]:
        held = self.inner.config
        b, cameras = images.shape[:2]
        vision = held.vlm_config.vision_config
        count = cameras * (vision.image_size // vision.patch_size) ** 2
        marks = torch.full((b, count), held.vlm_config.image_token_id, device=tokens.device)
        ids = torch.cat([marks, tokens], 1)
        normal = self.normaliser.state(state)
        return {
            "input_ids": ids,
            "attention_mask": (ids != 0).long(),
            "pixel_values": (images.float() / 127.5 - 1).permute(0, 1, 4, 2, 3),
            "pixel_attention_mask": torch.ones(b, cameras, dtype=torch.bool, device=ids.device),
            "state": nn.functional.pad(normal, (0, held.max_state_dim - normal.shape[1])),
        }

    def _pad(self, chunk: Tensor) -> Tensor:
        held = self.inner.config
        rows, columns = chunk.shape[1:]
        return nn.functional.pad(
            chunk, (0, held.max_action_dim - columns, 0, held.chunk_size - rows)
        )

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the flow-matching loss; grounding errors are NaN, pi0 has no such head."""
        b, rows = batch["mask"].shape
        actions = self._pad(self.normaliser.actions(batch["actions"]))
        inputs = self._inputs(batch["images"], batch["tokens"], batch["state"])
        time = torch.distributions.Beta(1.5, 1.0).sample((b,)) * 0.999 + 0.001
        noise = torch.randn_like(actions)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training and self.config.mixed):
            out = self.inner(**inputs, actions=actions, noise=noise, timestep=time)
        error = (out.logits.float() - (noise - actions))[:, :rows, :ACTION_DIM] ** 2
        mask = batch["mask"][..., None].expand_as(error)
        flow = (error * mask).sum() / mask.sum()
        unknown = torch.full((b, GROUND_DIM // 3), torch.nan)
        return flow, {"flow": flow.detach(), "ground_mm": unknown}

    def sample(self, images: Tensor, tokens: Tensor, state: Tensor, noise: Tensor) -> Tensor:
        """Give raw actions (b, horizon, 7) for normal noise of that shape (or zeros)."""
        inputs = self._inputs(images, tokens, state)
        chunk = self.inner.sample_actions(
            **inputs, noise=self._pad(noise), num_steps=self.config.flow_steps
        )
        return self.normaliser.raw_actions(chunk[:, : noise.shape[1], :ACTION_DIM])
