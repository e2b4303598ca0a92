"""Sentences to vectors, in a few milliseconds each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from os import cpu_count
from pathlib import Path
from shutil import copyfile

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from components.encoder import weights
from components.encoder.graph import MAX_TOKENS, SIZE, build

GRAPH, CHECKSUMS = "encoder.onnx", "checksums.json"
BATCH = 16
"""Sentences of one length that are encoded together in training."""
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
        self._pool = ThreadPoolExecutor(cpu_count())
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
        vector: Vector = self._run([self._tokenizer.encode(sentence).ids])[0]
        return vector

    def encode_all(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of many sentences, on all processors, the same as one by one.

        Sentences of one length go together; nothing has to be filled up.
        """
        ids = [words.ids for words in self._tokenizer.encode_batch(list(sentences))]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        lengths = (list(same) for _, same in groupby(order, key=lambda i: len(ids[i])))
        batches = [same[i : i + BATCH] for same in lengths for i in range(0, len(same), BATCH)]
        vectors = np.empty((len(ids), SIZE), np.float32)

        def encode(batch: list[int]) -> None:
            vectors[batch] = self._run([ids[i] for i in batch])

        list(self._pool.map(encode, batches))
        return vectors

    def _run(self, ids: list[list[int]]) -> NDArray[np.float32]:
        (vectors,) = self._session.run(["vector"], {"ids": np.array(ids, np.int64)})
        result: NDArray[np.float32] = vectors
        return result
