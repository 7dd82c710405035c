"""From a SentenceTransformer folder to the ONNX file the service runs: int8, pooled and normalised inside.

Three choices, each measured on the prototype (400 sentences of NTREX-128, one core without VNNI):

- Activations are quantised a token at a time. onnxruntime's dynamic quantisation takes one scale for the whole
  batch, and the same text differed by up to 0.024 in cosine alone and in a batch; here it does not differ.
- Weights keep seven bits, so that sums of products do not overflow 16 bits on processors without VNNI.
- Word embeddings are int8 with a scale a word: four times smaller, mean cosine with float32 0.996.

Block-wise int8 (MatMulNBits) was nearer to float32 (0.9997), but no faster than it.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from models.encoder import ONNX_FILE

WEIGHT_LEVELS = 63  # largest int8 weight: seven bits
OPSET = 17


def export(folder: Path) -> Path:
    """Write `onnx/model_int8.onnx` into a folder made of a transformer, mean pooling and unit length.

    Needs the extra `empelt[train]`.
    """
    import onnx
    import onnx.version_converter

    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "model.onnx"
        _export_float32(folder, plain)
        model = onnx.version_converter.convert_version(onnx.load(plain), OPSET + 1)  # ReduceMax with axes as input
    _quantise_embeddings(model.graph)
    _quantise_products(model.graph)
    target = folder / ONNX_FILE
    target.parent.mkdir(exist_ok=True)
    onnx.save(model, target)
    return target


def _export_float32(folder: Path, target: Path) -> None:
    import torch
    from transformers import AutoModel

    from models.training.learn import pool

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = AutoModel.from_pretrained(
                str(folder), dtype=torch.float32, attn_implementation="eager"
            ).eval()

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return pool(hidden, attention_mask.to(hidden.dtype))

    ids = torch.randint(5, 1_000, (2, 9))
    with torch.no_grad():
        torch.onnx.export(
            Pooled(),
            (ids, torch.ones_like(ids)),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={
                "input_ids": {0: "batch", 1: "tokens"},
                "attention_mask": {0: "batch", 1: "tokens"},
                "embedding": {0: "batch"},
            },
            opset_version=OPSET,
            dynamo=False,
        )


def _quantise_embeddings(graph: Any) -> None:
    """Keep word embeddings as int8 rows, each with its scale, gathered together."""
    from onnx import TensorProto, helper, numpy_helper

    table = next(item for item in graph.initializer if item.name.endswith("word_embeddings.weight"))
    weights = numpy_helper.to_array(table)
    scales = np.maximum(np.abs(weights).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
    gather = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] == table.name)
    at = list(graph.node).index(gather)
    tokens, output = gather.input[1], gather.output[0]
    graph.node.remove(gather)
    for offset, node in enumerate(
        (
            helper.make_node("Gather", ["words", tokens], ["words_int8"]),
            helper.make_node("Cast", ["words_int8"], ["words_float"], to=TensorProto.FLOAT),
            helper.make_node("Gather", ["word_scales", tokens], ["scales_of_words"]),
            helper.make_node("Mul", ["words_float", "scales_of_words"], [output]),
        )
    ):
        graph.node.insert(at + offset, node)
    graph.initializer.remove(table)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.round(weights / scales).astype(np.int8), "words"),
            numpy_helper.from_array(scales, "word_scales"),
        ]
    )


def _quantise_products(graph: Any) -> None:
    """Replace each product with a weight by an integer product of the tokens' and the weight's int8 values."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {item.name: item for item in graph.initializer}

    def constant(name: str, value: Any) -> str:
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    highest = constant("q_highest", np.float32(127))
    zero = constant("q_zero", np.uint8(128))
    shift = constant("q_shift", np.float32(128))
    least = constant("q_least", np.float32(1e-12))
    last_axis = constant("q_last_axis", np.array([-1], dtype=np.int64))
    quantised: dict[str, tuple[str, str]] = {}  # activation -> its integers and their scale a token
    replaced: set[str] = set()
    nodes: list[Any] = []

    def quantise(activation: str) -> tuple[str, str]:
        if activation not in quantised:
            name = f"q{len(quantised)}"
            nodes.extend(
                (
                    helper.make_node("Abs", [activation], [f"{name}_abs"]),
                    helper.make_node("ReduceMax", [f"{name}_abs", last_axis], [f"{name}_max"], keepdims=1),
                    helper.make_node("Div", [f"{name}_max", highest], [f"{name}_raw_scale"]),
                    helper.make_node("Max", [f"{name}_raw_scale", least], [f"{name}_scale"]),
                    helper.make_node("Div", [activation, f"{name}_scale"], [f"{name}_divided"]),
                    helper.make_node("Add", [f"{name}_divided", shift], [f"{name}_shifted"]),
                    helper.make_node("Round", [f"{name}_shifted"], [f"{name}_rounded"]),
                    helper.make_node("Cast", [f"{name}_rounded"], [f"{name}_integers"], to=TensorProto.UINT8),
                )
            )
            quantised[activation] = (f"{name}_integers", f"{name}_scale")
        return quantised[activation]

    for node in list(graph.node):
        weight = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None or len(weight.dims) != 2:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(weight)
        scales = np.maximum(np.abs(values).max(axis=0) / WEIGHT_LEVELS, 1e-12).astype(np.float32)
        integers, token_scale = quantise(node.input[0])
        name, output = weight.name, node.output[0]
        int8 = constant(f"{name}_int8", np.round(values / scales).astype(np.int8))
        weight_scale = constant(f"{name}_scale", scales)
        nodes.extend(
            (
                helper.make_node("MatMulInteger", [integers, int8, zero], [f"{output}_sum"]),
                helper.make_node("Cast", [f"{output}_sum"], [f"{output}_float"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{output}_float", token_scale], [f"{output}_unscaled"]),
                helper.make_node("Mul", [f"{output}_unscaled", weight_scale], [output]),
            )
        )
        replaced.add(name)
    del graph.node[:]
    graph.node.extend(nodes)
    for name in replaced:
        graph.initializer.remove(constants[name])
