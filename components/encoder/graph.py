"""The encoder as an ONNX graph with weights of eight bits, made from the pre-trained weights.

Matrices are quantised per column, embeddings and activations per word, the latter while it runs:
so a sentence has the same vector alone and in a batch, whatever its neighbours. The sentence's
vector joins the mean and the maximum over its words from the last layer and from the middle one:
the last layer knows what a sentence means, the middle one still knows how it was said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

LAYERS, HEADS, WIDTH = 6, 12, 384
POOLED_LAYERS = (5, 3)
SIZE = WIDTH * 2 * len(POOLED_LAYERS)
"""Length of a sentence's vector."""
MAX_TOKENS = 256
"""Longer messages are cut; their clauses are encoded one by one as well."""
ORT = "com.microsoft"
"""Operators of ONNX Runtime's own, fused for transformers."""

Array = NDArray[Any]


class _Graph:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self, kind: str, inputs: list[str], name: str, *, domain: str = "", **attributes: Any
    ) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **attributes))
        return name

    def split(self, value: str, name: str, parts: int) -> list[str]:
        names = [f"{name}.{part}" for part in range(parts)]
        node = helper.make_node("Split", [value], names, axis=2, num_outputs=parts)
        self.nodes.append(node)
        return names

    def whole(self, value: str) -> tuple[str, str]:
        """Activations as whole numbers of eight bits around 128, and their scale per word."""
        size = self.node("Abs", [value], f"{value}.size")
        most = self.node("ReduceMax", [size, "last"], f"{value}.most", keepdims=1)
        scale = self.node("Mul", [most, "step"], f"{value}.scale")
        steps = self.node("Div", [value, scale], f"{value}.steps")
        return self.node("QuantizeLinear", [steps, "one", "middle"], f"{value}.whole"), scale

    def linear(self, value: str, name: str, weight: Array) -> str:
        """value @ weight.T in whole numbers of eight bits; whoever comes next adds the bias."""
        whole, scale = _quantised(weight.T, axis=0)
        steps, step = self.whole(value)
        inputs = [
            steps,
            self.constant(f"{name}.weight", whole),
            "one",
            self.constant(f"{name}.scale", scale.reshape(-1)),
            "middle",
            self.constant(f"{name}.zero", np.zeros(scale.size, np.int8)),
        ]
        product = self.node("MatMulIntegerToFloat", inputs, f"{name}.product", domain=ORT)
        return self.node("Mul", [product, step], name)


def _quantised(matrix: Array, axis: int) -> tuple[Array, Array]:
    """A matrix as whole numbers of eight bits and their scale along an axis."""
    scale = (np.abs(matrix).max(axis=axis, keepdims=True) / 127).astype(np.float32)
    whole = np.clip(np.rint(matrix / scale), -127, 127).astype(np.int8)
    return whole, scale


def build(weights: Path) -> ModelProto:
    """The graph: word ids of sentences of one length [b, n] to their vectors [b, SIZE]."""
    w = load_file(weights)
    g = _Graph()

    def norm(name: str) -> list[str]:
        return [g.constant(f"{name}.{part}", w[f"{name}.{part}"]) for part in ("weight", "bias")]

    g.constant("one", np.array(1, np.float32))
    g.constant("step", np.array(1 / 127, np.float32))
    g.constant("middle", np.array(128, np.uint8))
    g.constant("last", np.array([-1]))
    x = _embedded(g, w)
    x = g.node("LayerNormalization", [x, *norm("embeddings.LayerNorm")], "start", epsilon=1e-12)
    pooled = []
    for layer in range(LAYERS):
        x = _layer(g, w, norm, layer, x)
        if layer in POOLED_LAYERS:
            pooled += [_unit(g, f"ReduceM{kind}", x, f"{layer}.m{kind}") for kind in ("ean", "ax")]
    g.node("Concat", pooled, "vector", axis=1)
    graph = helper.make_graph(
        g.nodes,
        "sentence-encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["b", "n"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["b", SIZE])],
        g.constants,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ORT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _embedded(g: _Graph, w: dict[str, Array]) -> str:
    words, scale = _quantised(w["embeddings.word_embeddings.weight"], axis=1)
    positions = w["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    positions = positions + w["embeddings.token_type_embeddings.weight"][0]
    whole = g.node("Gather", [g.constant("words", words), "ids"], "word.whole")
    floating = g.node("Cast", [whole], "word.float", to=TensorProto.FLOAT)
    factor = g.node("Gather", [g.constant("words.scale", scale), "ids"], "word.scale")
    word = g.node("Mul", [floating, factor], "word")
    zero, first = g.constant("zero", np.array([0])), g.constant("first", np.array([1]))
    length = g.node("Gather", [g.node("Shape", ["ids"], "shape"), first], "length")
    inputs = [g.constant("positions", positions), zero, length, zero]
    return g.node("Add", [word, g.node("Slice", inputs, "position")], "embedded")


def _layer(g: _Graph, w: dict[str, Array], norm: Any, layer: int, x: str) -> str:
    own = f"encoder.layer.{layer}."

    def linear(value: str, name: str) -> str:
        return g.linear(value, own + name, w[f"{own}{name}.weight"])

    def bias(name: str) -> str:
        return g.constant(f"{own}{name}.bias", w[f"{own}{name}.bias"])

    def added(name: str, value: str, end: str) -> str:
        parts = [linear(value, name), x, *norm(f"{own}{end}.LayerNorm"), bias(name)]
        kind, whole = "SkipLayerNormalization", f"{own}{end}"
        return g.node(kind, parts, whole, domain=ORT, epsilon=1e-12)

    parts = [f"{own}attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([w[f"{part}.weight"] for part in parts])
    heads = g.split(g.linear(x, f"{own}heads", weight), f"{own}head", 3)
    heads.append(g.constant(f"{own}heads.bias", np.concatenate([w[f"{p}.bias"] for p in parts])))
    seen = g.node("MultiHeadAttention", heads, f"{own}seen", domain=ORT, num_heads=HEADS)
    x = added("attention.output.dense", seen, "attention.output")
    wide = [linear(x, "intermediate.dense"), bias("intermediate.dense")]
    return added("output.dense", g.node("BiasGelu", wide, f"{own}wide", domain=ORT), "output")


def _unit(g: _Graph, kind: str, x: str, name: str) -> str:
    """What a layer holds over all words, of length one."""
    axis = g.constant(f"{name}.axis", np.array([1]))
    pooled = g.node(kind, [x, axis], name, keepdims=0)
    return g.node("LpNormalization", [pooled], f"{name}.unit", axis=1, p=2)
