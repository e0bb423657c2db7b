import json
import shutil

import numpy as np
import pytest
import torch
from conftest import TINY, FakeEnv
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import policies
from policies.architectures import build_model
from policies.errors import PolicyError
from policies.nano import tokenizer
from policies.nano.config import NanoConfig
from policies.nano.frames import absolute_actions, relative_actions
from policies.nano.vision import fold
from policies.train import train
from policies.types import Observation

UNIT = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda v: np.linalg.norm(v) > 0.1)


def observation(seed=0, text="put the gear in the left slot", **changes):
    rng = np.random.default_rng(seed)
    images = {k: rng.integers(0, 255, (96, 96, 3)).astype(np.uint8) for k in ("front", "wrist")}
    tool = np.array([0.5, 0.1, 0.2, 1.0, 0.0, 0.0, 0.0])
    fields = {"images": images, "q": rng.normal(size=7), "dq": np.zeros(7), "tool": tool}
    return Observation(**{**fields, "gripper": 1.0, "instruction": text, **changes})


@given(UNIT, UNIT)
def test_absolute_undoes_relative(tool, command):
    tool = np.array([0.4, -0.1, 0.3, *np.array(tool) / np.linalg.norm(tool)])
    action = np.array([[0.5, 0.2, 0.1, *np.array(command) / np.linalg.norm(command), 0.3]])
    back = absolute_actions(tool, relative_actions(tool, action))
    np.testing.assert_allclose(back[:, [0, 1, 2, 7]], action[:, [0, 1, 2, 7]], atol=1e-12)
    assert abs(abs((back[0, 3:7] * action[0, 3:7]).sum()) - 1) < 1e-9


def test_tokenizer_marks_unknown_words_and_empty_text():
    words = tokenizer.build(["put the red gear", "Place the GEAR"], 6)
    rows = tokenizer.encode(words, ["put the purple gear", "", "PUT the red gear"])
    assert rows.shape == (3, 6)
    assert rows[0, 2] == 1 and (rows[0, [0, 1, 3]] > 1).all() and (rows[0, 4:] == 0).all()
    assert rows[1].tolist() == [1, 0, 0, 0, 0, 0]
    assert (rows[2, :4] > 1).all()


def test_fold_keeps_patches_together():
    image = torch.arange(8 * 8 * 3).reshape(1, 8, 8, 3)
    folded = fold(image, 4)
    assert folded.shape == (1, 48, 2, 2)
    assert sorted(folded[0, :, 1, 0].tolist()) == sorted(image[0, 4:, :4].flatten().tolist())


def test_shipped_size_is_small():
    count = sum(p.numel() for p in build_model(NanoConfig()).parameters())
    assert count <= 4_000_000


def test_training_learns_the_fake_arm(trained):
    _, result = trained
    assert result["slot_mm"] < 30 and result["first_mm"] < 15
    assert result["flow"] < 0.5


def test_actions_repeat_with_the_seed_and_heed_the_instruction(trained):
    policy = policies.load(trained[0])
    policy.reset(3)
    first, second = (policy.act(observation()).actions for _ in range(2))
    assert first.shape == (16, 8) and not np.array_equal(first, second)
    policy.reset(3)
    np.testing.assert_array_equal(policy.act(observation()).actions, first)
    policy.reset(4)
    assert not np.array_equal(policy.act(observation()).actions, first)
    still = policies.load(trained[0], zero_noise=True)
    obs, _ = FakeEnv().reset(seed=0)
    left, again, right = (
        still.act(Observation.from_env(obs, instruction=f"put the gear in the {slot} slot"))
        for slot in ("left", "left", "right")
    )
    np.testing.assert_array_equal(left.actions, again.actions)
    assert left.actions[6, 1] - right.actions[6, 1] > 0.15


def test_wrong_images_are_refused(trained):
    policy = policies.load(trained[0])
    with pytest.raises(PolicyError, match="lacks camera wrist"):
        policy.act(observation(images={"front": np.zeros((96, 96, 3), np.uint8)}))
    small = {k: np.zeros((64, 64, 3), np.uint8) for k in ("front", "wrist")}
    with pytest.raises(PolicyError, match=r"\(64, 64, 3\)"):
        policy.act(observation(images=small))


def test_broken_weights_are_named(trained, tmp_path):
    folder = tmp_path / "p"

    def fresh():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(trained[0], folder)
        return folder / "model.safetensors"

    weights = fresh()
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(PolicyError, match="model.safetensors is broken or truncated"):
        policies.load(folder)
    for change, message in (
        (lambda t: t.update({"head.leave.bias": torch.zeros(3)}), r"head.leave.bias .*\(3,\)"),
        (lambda t: t.pop("head.leave.bias"), "lacks tensor head.leave.bias"),
        (lambda t: t.update({"more": torch.zeros(1)}), "unknown tensor more"),
        (lambda t: t["head.leave.bias"].fill_(torch.nan), "head.leave.bias .*not finite"),
    ):
        weights = fresh()
        tensors = load_file(weights)
        change(tensors)
        save_file(tensors, weights)
        with pytest.raises(PolicyError, match=message):
            policies.load(folder)
    fresh()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "colour": 1}))
    with pytest.raises(PolicyError, match="unknown keys colour"):
        policies.load(folder)


def test_unknown_policy_suggests_the_nearest():
    with pytest.raises(PolicyError, match="unknown policy 'nanno'; did you mean 'nano'"):
        policies.load("nanno")


def test_training_resumes_where_it_stopped(dataset, tmp_path):
    from dataclasses import replace

    again = {"batch": 8, "config": TINY, "quiet": True, "validate_every": 4}
    train(dataset, tmp_path, steps=4, **again)
    train(dataset, tmp_path, steps=8, **again)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8]
    with pytest.raises(PolicyError, match="model of other sizes"):
        train(dataset, tmp_path, steps=9, batch=8, config=replace(TINY, channels=8), quiet=True)


def test_interrupted_training_keeps_a_loadable_policy(dataset, tmp_path, monkeypatch):
    from policies import train as module

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "validate", stop)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, tmp_path, steps=9, batch=8, config=TINY, quiet=True, validate_every=3)
    policies.load(tmp_path).act(observation())


def test_bad_training_input_is_refused(dataset, tmp_path):
    from dataclasses import replace

    with pytest.raises(PolicyError, match="no dataset"):
        train(tmp_path, tmp_path / "out", steps=1)
    with pytest.raises(PolicyError, match="steps or a budget"):
        train(dataset, tmp_path)
    with pytest.raises(PolicyError, match="unknown arch 'nanoo'; did you mean 'nano'"):
        train(dataset, tmp_path, arch="nanoo", steps=1, quiet=True)
    side = replace(TINY, cameras=("front", "side"))
    with pytest.raises(PolicyError, match="lack camera side"):
        train(dataset, tmp_path, steps=1, config=side, quiet=True)


def test_onnx_gives_the_same_actions(trained, tmp_path):
    from policies.onnx_policy import export, largest_difference

    policy = policies.load(trained[0])
    path = export(policy, tmp_path / "tiny.onnx")
    alone = policies.load(path)
    assert alone.spec == policy.spec
    texts = ("put the gear in the left slot", "kit a widget")
    seen = [observation(seed, texts[seed % 2]) for seed in range(4)]
    assert 0 < largest_difference(policy, alone, seen) < 1e-4
    assert largest_difference(policy, policies.load(path, zero_noise=True), seen) > 1e-2
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(PolicyError, match="broken.onnx is not a usable ONNX file"):
        policies.load(broken)


def test_pi0_trains_and_loads_through_the_same_doors(dataset, tmp_path):
    result = train(dataset, tmp_path, arch="pi0", steps=2, batch=4, quiet=True)
    assert np.isfinite(result["flow"])
    policy = policies.load(tmp_path)
    assert policy.act(observation()).actions.shape == (16, 8)
    inner = policy.model.inner
    inner.save_pretrained(tmp_path / "hub")
    from policies.pi0 import Pi0Model

    twin = Pi0Model.from_pretrained(tmp_path / "hub", policy.config).eval()
    inputs = (
        torch.zeros(1, 2, 96, 96, 3, dtype=torch.uint8),
        torch.ones(1, 8, dtype=torch.int64),
        torch.zeros(1, 15),
        torch.zeros(1, 16, 7),
    )
    twin.normaliser.load_state_dict(policy.model.normaliser.state_dict())
    torch.testing.assert_close(twin.sample(*inputs), policy.model.sample(*inputs))
