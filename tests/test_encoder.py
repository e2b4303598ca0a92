"""The sentence encoder: right vectors, nothing remembered, and one clear word when it is broken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from components.encoder import weights
from components.encoder.graph import HEADS, LAYERS, POOLED_LAYERS, WIDTH
from components.encoder.runtime import GRAPH, Encoder

Array = NDArray[Any]
SENTENCES = [
    "Close my account.",
    "yes",
    "um so I was wondering, what would it cost me if I left before the end of the month?",
    "My number is being ported to another provider",
    "what's the weather like in Boston",
]
ALIKE = 0.985


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("encoder")
    Encoder.make(made)
    return made


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder(folder)


class Counting:
    """Stands before a session and counts what it is asked to work out."""

    def __init__(self, session: Any) -> None:
        self.session, self.runs = session, 0

    def run(self, *arguments: Any) -> Any:
        self.runs += 1
        return self.session.run(*arguments)


@pytest.fixture
def counting(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    counting = Counting(encoder._session)
    monkeypatch.setattr(encoder, "_session", counting)
    return counting


def cosine(a: Array, b: Array) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def unquantised(ids: list[int]) -> Array:
    """The model's forward pass as it was published, in NumPy with whole precision."""
    w = load_file(weights.pretrained(weights.WEIGHTS))

    def norm(x: Array, name: str) -> Array:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: Array, name: str) -> Array:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def heads(x: Array) -> Array:
        return x.reshape(len(ids), HEADS, WIDTH // HEADS).transpose(1, 0, 2)

    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    gelu = np.vectorize(lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))))
    pooled = []
    for layer in range(LAYERS):
        own = f"encoder.layer.{layer}"
        parts = [f"{own}.attention.self.{part}" for part in ("query", "key", "value")]
        query, key, value = (heads(linear(x, part)) for part in parts)
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS))
        seen = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2)
        seen = linear(seen.reshape(len(ids), WIDTH), f"{own}.attention.output.dense")
        x = norm(x + seen, f"{own}.attention.output.LayerNorm")
        wide = gelu(linear(x, f"{own}.intermediate.dense"))
        x = norm(x + linear(wide, f"{own}.output.dense"), f"{own}.output.LayerNorm")
        if layer in POOLED_LAYERS:
            pooled += [part / np.linalg.norm(part) for part in (x.mean(0), x.max(0))]
    return np.concatenate(pooled)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_eight_bits_say_what_the_published_model_says(encoder: Encoder, sentence: str) -> None:
    whole = unquantised(encoder._tokenizer.encode(sentence).ids)
    assert cosine(encoder.encode(sentence), whole) >= ALIKE


def test_another_sentence_is_not_alike(encoder: Encoder) -> None:
    whole = unquantised(encoder._tokenizer.encode(SENTENCES[0]).ids)
    assert cosine(encoder.encode(SENTENCES[-1]), whole) < ALIKE


def test_a_sentence_has_the_same_vector_alone_and_among_others(encoder: Encoder) -> None:
    sentences = [*SENTENCES, "Close my contract.", "no", "Keep the old number."]
    alone = np.stack([encoder.encode(sentence) for sentence in sentences])
    np.testing.assert_allclose(encoder.encode_all(sentences), alone, atol=1e-5)


def test_the_same_sentence_is_worked_out_each_time(encoder: Encoder, counting: Counting) -> None:
    first, second = (encoder.encode("Close my account.") for _ in range(2))
    assert counting.runs == 2
    assert np.array_equal(first, second)


def test_an_unaltered_folder_loads(folder: Path) -> None:
    assert Encoder(folder).encode("hello").shape == (4 * WIDTH,)


def test_an_altered_graph_is_refused_with_the_remedy(tmp_path: Path, folder: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    altered = bytearray((tmp_path / GRAPH).read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / GRAPH).write_bytes(altered)
    with pytest.raises(weights.EncoderBroken, match=r"encoder\.onnx was altered\. .*make train"):
        Encoder(tmp_path)


@pytest.mark.parametrize("name", [GRAPH, weights.TOKENIZER, "checksums.json"])
def test_a_missing_file_is_refused_with_the_remedy(tmp_path: Path, folder: Path, name: str) -> None:
    for file in folder.iterdir():
        if file.name != name:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(weights.EncoderBroken, match=rf"{name} is missing\. .*make train"):
        Encoder(tmp_path)


def test_the_published_weights_are_the_chosen_ones() -> None:
    assert weights.pretrained(weights.WEIGHTS).is_file()


def test_a_missing_package_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_encoder")
    with pytest.raises(weights.EncoderBroken, match=r"no_such_encoder is not installed.*bin/setup"):
        weights.pretrained(weights.WEIGHTS)


def test_other_weights_than_the_chosen_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(weights.SHA256, weights.TOKENIZER, "0" * 64)
    with pytest.raises(weights.EncoderBroken, match=r"tokenizer\.json was altered.*bin/setup"):
        weights.pretrained(weights.TOKENIZER)


def test_a_broken_encoder_ends_the_process_and_is_no_mere_exception() -> None:
    # Rasa catches every Exception while it loads a model, and goes on without one.
    assert not issubclass(weights.EncoderBroken, Exception)
    assert issubclass(weights.EncoderBroken, SystemExit)


def test_the_encoder_stays_small() -> None:
    package = weights.pretrained(weights.WEIGHTS).parent.parent
    size = sum(file.stat().st_size for file in package.rglob("*") if file.is_file())
    assert size <= 120e6
