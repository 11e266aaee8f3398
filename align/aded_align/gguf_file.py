"""Models from and to GGUF files, by the ``gguf`` package of llama.cpp."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import torch

from .model import Llama, Shape

READABLE = (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.Q8_0)
TYPES = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}
"""What an exported file's matrices can be; norms are f32 always."""


class Unusable(Exception):
    """The file is no model that can be trained here."""


def _value(reader: gguf.GGUFReader, key: str, default=None):
    field = reader.get_field(key)
    if field is None:
        if default is None:
            raise Unusable(f"the file says nothing of {key}")
        return default
    return field.contents()


def _open(path: Path) -> gguf.GGUFReader:
    try:
        return gguf.GGUFReader(path)
    except (OSError, ValueError, IndexError, KeyError) as e:
        raise Unusable(f"{path} cannot be read as GGUF: {e}") from e


def load(path: Path, context: int | None = None) -> Llama:
    """Reads a Llama with matrices of F32, F16 or Q8_0.

    Args:
        path: the file.
        context: tokens that it will be trained on; None for what it was trained on.

    Raises:
        Unusable: if it is of another architecture or type, or has what is not computed here.
    """
    reader = _open(path)
    architecture = _value(reader, "general.architecture")
    if architecture != "llama":
        raise Unusable(f"{path} is a {architecture}; supported: llama")
    if reader.get_field("llama.rope.scaling.type") is not None and _value(reader, "llama.rope.scaling.type") != "none":
        raise Unusable(f"{path} scales its rotary positions, which is not supported")
    weights = {}
    for tensor in reader.tensors:
        if tensor.tensor_type not in READABLE:
            raise Unusable(f"{tensor.name} is {tensor.tensor_type.name}; supported: F32, F16, Q8_0")
        weights[tensor.name] = torch.from_numpy(
            np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        )
    if "token_embd.weight" not in weights:
        raise Unusable(f"{path} has no token_embd.weight")
    vocabulary, width = weights["token_embd.weight"].shape
    heads = int(_value(reader, "llama.attention.head_count"))
    rotated = int(_value(reader, "llama.rope.dimension_count", width // heads))
    if rotated != width // heads:
        raise Unusable(f"{path} turns {rotated} of {width // heads} dimensions of a head, which is not supported")
    shape = Shape(
        vocabulary=vocabulary,
        width=width,
        layers=int(_value(reader, "llama.block_count")),
        heads=heads,
        kv_heads=int(_value(reader, "llama.attention.head_count_kv", heads)),
        hidden=int(_value(reader, "llama.feed_forward_length")),
        context=context or int(_value(reader, "llama.context_length")),
        epsilon=float(_value(reader, "llama.attention.layer_norm_rms_epsilon")),
        rope_base=float(_value(reader, "llama.rope.freq_base", 10000.0)),
        tied="output.weight" not in weights,
    )
    try:
        return Llama(shape, weights)
    except ValueError as e:
        raise Unusable(f"{path}: {e}") from e


def vocabulary_size(path: Path) -> int:
    """How many tokens a model file has."""
    return len(_value(_open(path), "tokenizer.ggml.tokens"))


def save(model: Llama, path: Path, like: Path, name: str, kind: str = "f16") -> None:
    """Writes a model that llama.cpp loads.

    Args:
        model: its weights.
        path: the file; appears whole or not at all.
        like: a GGUF file whose tokeniser and chat template it takes: its own before training, or the target's.
        name: what it is called.
        kind: of TYPES.
    """
    source = _open(like)
    shape = model.shape
    partial = path.with_name(path.name + ".part")
    writer = gguf.GGUFWriter(partial, "llama")
    matrix, file_type = TYPES[kind]
    writer.add_name(name)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for field in source.fields.values():
        if field.name.startswith("tokenizer.") or field.name == "general.license":
            kinds = field.types
            sub = kinds[-1] if kinds[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), kinds[0], sub_type=sub)
    for tensor_name, tensor in model.named().items():
        data = tensor.to(torch.float32).cpu().numpy()
        stored = gguf.GGMLQuantizationType.F32 if data.ndim == 1 else matrix
        writer.add_tensor(tensor_name, gguf.quants.quantize(data, stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)
