"""Sentences to vectors, one by one, about a millisecond each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from shutil import copyfile

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from components.encoder import weights
from components.encoder.graph import MAX_TOKENS, build

GRAPH, CHECKSUMS = "encoder.onnx", "checksums.json"
Vector = NDArray[np.float32]


class Encoder:
    """Holds graph and tokenizer; both are loaded once, and kept by nothing else."""

    def __init__(self, folder: Path) -> None:
        """Load from a folder that `make` filled. Raises EncoderBroken."""
        remedy = "Train the model anew: make train."
        listed = folder / CHECKSUMS
        if not listed.is_file():
            raise weights.EncoderBroken(f"The sentence encoder's {CHECKSUMS} is missing. {remedy}")
        for name, sha256 in json.loads(listed.read_text()).items():
            weights.require(folder / name, sha256, remedy)
        options = onnxruntime.SessionOptions()
        # One short sentence is done before a second thread has woken up.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / weights.TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    @staticmethod
    def make(folder: Path) -> None:
        """Fill a folder from the pre-trained weights, to be loaded from. Raises EncoderBroken."""
        graph = build(weights.pretrained(weights.WEIGHTS))
        (folder / GRAPH).write_bytes(graph.SerializeToString(deterministic=True))
        copyfile(weights.pretrained(weights.TOKENIZER), folder / weights.TOKENIZER)
        sums = {name: weights.checksum(folder / name) for name in (GRAPH, weights.TOKENIZER)}
        (folder / CHECKSUMS).write_text(json.dumps(sums))

    def encode(self, sentence: str) -> Vector:
        """The vector of a sentence. Nothing is remembered from one call to the next."""
        ids = np.array([self._tokenizer.encode(sentence).ids], np.int64)
        (vectors,) = self._session.run(["vector"], {"ids": ids})
        vector: Vector = vectors[0]
        return vector

    def encode_all(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of many sentences, each worked out by itself, on all processors."""
        with ThreadPoolExecutor(cpu_count()) as pool:
            return np.stack(list(pool.map(self.encode, sentences)))
