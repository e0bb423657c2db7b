"""Train a policy from demonstrations: one file, read from top to bottom.

The end is set by a number of steps or by a budget of minutes; the learning rate follows a
cosine down to that end either way. What is validated and shipped is an exponential moving
average of the weights. A checkpoint, written every few minutes, holds everything: an
interrupted training resumes where it was, and `out` always holds a policy that can be loaded.
"""

import copy
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from torch import nn

from policies import export
from policies.architectures import build_model
from policies.dataset_reader import Arrays, load_arrays
from policies.errors import PolicyError
from policies.nano import tokenizer as words
from policies.nano.config import NanoConfig
from policies.samples import Augment, Samples, prepare
from policies.train_head import train_head


def train(
    data_roots: str | Path | Sequence[str | Path] | Arrays,
    out: str | Path,
    arch: str = "nano",
    seed: int = 0,
    minutes: float | None = None,
    steps: int | None = None,
    batch: int = 128,
    lr: float = 1e-3,
    weight_decay: float = 0.02,
    augment: float = 1.0,
    resume: bool = True,
    save_minutes: float = 3.0,
    validate_every: int = 500,
    head_minutes: float = 0.0,
    config: NanoConfig | None = None,
    quiet: bool = False,
) -> dict[str, float]:
    """Train `arch` on the datasets and write the policy folder `out`; give the last validation.

    Exactly one of `steps` and `minutes` is given. `augment` scales the changes of light.
    `head_minutes` more, for nano only, go to its head alone: see `train_head`.
    Raises PolicyError for missing or unfit data or a checkpoint of another model.
    """
    if (minutes is None) == (steps is None):
        raise PolicyError("give a number of steps or a budget of minutes, one of the two")
    out = Path(out)
    console = Console(file=sys.stderr, quiet=quiet)
    arrays = data_roots if isinstance(data_roots, Arrays) else load_arrays(data_roots)
    settings = config or NanoConfig()
    tokens = words.build(arrays.tasks, settings.max_tokens)
    settings = replace(
        settings, arch=arch, vocab=tokens.get_vocab_size(), rate_hz=float(arrays.fps)
    )
    samples = prepare(arrays, settings, words.encode(tokens, arrays.tasks), seed)

    torch.manual_seed(seed)
    model: Any = build_model(settings)
    model.to(memory_format=torch.channels_last)
    rows = samples.train
    model.normaliser.fit(samples.state[rows], samples.actions[rows], samples.ground[rows])
    average = copy.deepcopy(model).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(_groups(model, weight_decay), lr, betas=(0.9, 0.99), fused=True)
    run: dict[str, Any] = {"step": 0, "seconds": 0.0}
    if resume:
        _restore(out / "checkpoint.pt", settings, model, average, optimizer, run)
    light = Augment(seed + run["step"], augment)
    order = np.random.default_rng([seed, run["step"]])
    count = sum(p.numel() for p in model.parameters())
    console.print(
        f"{arch}: {count / 1e6:.2f} M parameters; {len(rows)} training and "
        f"{len(samples.validation)} validation frames of {arrays.episode[-1] + 1} episodes"
    )

    began, saved = time.monotonic() - run["seconds"], time.monotonic()
    first_step, first_seconds = run["step"], run["seconds"]
    result: dict[str, float] = {}
    parts: dict[str, torch.Tensor] = {}
    done = run["step"] / steps if steps else run["seconds"] / (60 * float(minutes or 1))
    progress = Progress(
        *Progress.get_default_columns()[:3],
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )
    with progress:
        bar = progress.add_task("training", total=1.0, note="")
        try:
            while done < 1:
                frames = order.choice(rows, min(batch, len(rows)), replace=False)
                data = samples.batch(frames)
                if augment > 0:
                    data["images"] = light(data["images"])
                for group in optimizer.param_groups:
                    group["lr"] = lr * _schedule(done, run["step"])
                loss, parts = model.train().loss(data)
                if not torch.isfinite(loss):
                    raise PolicyError(f"the loss became {loss.item()} at step {run['step']}")
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                run["step"] += 1
                _follow(average, model, min(0.999, (1 + run["step"]) / (10 + run["step"])))
                run["seconds"] = time.monotonic() - began
                done = run["step"] / steps if steps else run["seconds"] / (60 * float(minutes or 1))
                if run["step"] % 10 == 0:
                    rate = (run["step"] - first_step) / (run["seconds"] - first_seconds) * batch
                    note = f"step {run['step']} flow {parts['flow']:.3f} {rate:.0f} samples/s"
                    progress.update(bar, completed=min(done, 1.0), note=note)
                if run["step"] % validate_every == 0 or done >= 1:
                    result = validate(average, samples)
                    rate = (run["step"] - first_step) / (run["seconds"] - first_seconds) * batch
                    line = {
                        **run,
                        "train_flow": float(parts["flow"]),
                        "train_ground_mm": float(parts["ground_mm"][:, 0].median()),
                        "samples_per_s": rate,
                        **result,
                    }
                    _log(out / "log.jsonl", line)
                    console.print("  ".join(f"{key} {value:.4g}" for key, value in line.items()))
                if time.monotonic() - saved > 60 * save_minutes:
                    _save(out, settings, model, average, optimizer, run)
                    export.save(out, average, settings, tokens)
                    saved = time.monotonic()
        finally:
            # Also after Ctrl-C: what was learned so far is kept and can be resumed.
            _save(out, settings, model, average, optimizer, run)
            export.save(out, average, settings, tokens)
    if head_minutes > 0 and arch == "nano":
        console.print(f"the eyes rest; the head goes on alone for {head_minutes:g} minutes")
        practised = copy.deepcopy(average).requires_grad_(True)
        train_head(practised, samples, head_minutes, seed, on_log=lambda row: console.print(row))
        result = validate(practised, samples)
        _log(out / "log.jsonl", {**run, "head_minutes": head_minutes, **result})
        console.print("  ".join(f"{key} {value:.4g}" for key, value in result.items()))
        export.save(out, practised, settings, tokens)
    return result


def validate(model: Any, samples: Samples, limit: int = 1024) -> dict[str, float]:
    """Give flow loss, grounding errors and action errors (mm) on episodes never trained on.

    `part_mm` and `slot_mm`: median distance of the grounded from the true position,
    `part_mm_90` its ninth decile, and `look_mm` its median in the first frames of episodes,
    where nothing but the pictures says which part is meant; `first_mm` and `eighth_mm`: mean
    distance of the sampled from the expert's commanded position in rows 1 and 8 of the chunk.
    """
    frames = samples.validation
    if len(frames) > limit:
        frames = frames[np.linspace(0, len(frames) - 1, limit).astype(int)]
    sums: dict[str, list[np.ndarray]] = {"flow": [], "ground": [], "moves": []}
    # The same noise every time, and the trainer's own random numbers are left untouched.
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for start in range(0, len(frames), 128):
            data = samples.batch(frames[start : start + 128])
            _, parts = model.eval().loss(data)
            noise = torch.randn_like(data["actions"])
            moves = model.sample(data["images"], data["tokens"], data["state"], noise)
            error = (moves - data["actions"])[..., :3].norm(dim=-1) * 1000
            error = torch.where(data["mask"] > 0, error, torch.nan)
            sums["flow"].append(np.full(len(noise), float(parts["flow"])))
            sums["ground"].append(parts["ground_mm"].numpy())
            sums["moves"].append(error.numpy())
    ground, moves = np.concatenate(sums["ground"]), np.concatenate(sums["moves"])
    eighth = moves[:, min(7, moves.shape[1] - 1)]
    return {
        "flow": float(np.concatenate(sums["flow"]).mean()),
        "part_mm": float(np.median(ground[:, 0])),
        "part_mm_90": float(np.quantile(ground[:, 0], 0.9)),
        "look_mm": float(np.median(ground[samples.arrays.frame[frames] == 0, 0])),
        "slot_mm": float(np.median(ground[:, 1])),
        "first_mm": float(np.nanmean(moves[:, 0])),
        "eighth_mm": float(np.nanmean(eighth)) if np.isfinite(eighth).any() else float("nan"),
    }


def _schedule(done: float, step: int, warm: int = 200) -> float:
    """Give the share of the peak learning rate: linear warm-up, then a cosine to 1%."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return min(1.0, (step + 1) / warm) * (0.01 + 0.99 * cosine)


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Only matrices decay: biases, norms and embeddings of place do not."""
    matrices = [p for p in model.parameters() if p.ndim >= 2 and p.shape[0] > 1]
    others = [p for p in model.parameters() if not (p.ndim >= 2 and p.shape[0] > 1)]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    pairs = zip(average.parameters(), model.parameters(), strict=True)
    ours, theirs = map(list, zip(*pairs, strict=True))
    torch._foreach_lerp_(ours, theirs, 1 - keep)


def _save(
    out: Path,
    config: NanoConfig,
    model: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    run: dict[str, Any],
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / "checkpoint.part"
    state = {
        "config": config.to_json(),
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "run": run,
    }
    torch.save(state, temporary)
    os.replace(temporary, out / "checkpoint.pt")


def _restore(
    path: Path,
    config: NanoConfig,
    model: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    run: dict[str, Any],
) -> None:
    if not path.exists():
        return
    state = torch.load(path, weights_only=True)
    if state["config"] != config.to_json():
        raise PolicyError(
            f"{path} belongs to a model of other sizes or words; "
            "train into another folder, or without resuming"
        )
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    run.update(state["run"])


def _log(path: Path, line: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
