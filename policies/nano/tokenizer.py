"""A word-level tokenizer: one token a word, [unk] for a word never seen in training."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from policies.errors import PolicyError

PAD, UNK = "[pad]", "[unk]"


def build(instructions: Iterable[str], max_tokens: int) -> Tokenizer:
    """Make a tokenizer that knows every word of `instructions` and pads to `max_tokens`."""
    split = pre_tokenizers.Whitespace()
    words = {
        word for text in instructions for word, _ in split.pre_tokenize_str(text.lower().strip())
    }
    vocabulary = {word: i for i, word in enumerate([PAD, UNK, *sorted(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNK))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Strip()])
    tokenizer.pre_tokenizer = split
    tokenizer.enable_padding(length=max_tokens, pad_id=0, pad_token=PAD)
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def load(path: Path) -> Tokenizer:
    """Read tokenizer.json; raises PolicyError when it is missing or broken."""
    try:
        return Tokenizer.from_str(path.read_text())
    except Exception as error:  # the library raises plain Exception
        raise PolicyError(f"{path} is not a tokenizer: {error}") from error


def encode(tokenizer: Tokenizer, instructions: list[str]) -> np.ndarray:
    """Give token numbers (n, max_tokens) int64; 0 is padding.

    An instruction without a word becomes one [unk], so that there is always a token to read.
    """
    rows = [encoding.ids for encoding in tokenizer.encode_batch(instructions)]
    tokens = np.array(rows, np.int64)
    tokens[(tokens == 0).all(1), 0] = 1
    return tokens
