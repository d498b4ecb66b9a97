"""A saved Whisper model as whisper.cpp reads it, to measure that beside the others.

The file: magic, sizes, mel filters, tokens, then every tensor with its name (the names of OpenAI's first
release), its type and its shape from the innermost dimension outwards.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

MAGIC = 0x67676D6C
F32, F16, Q8_0 = 0, 1, 8
FILE_TYPES = {"f16": 1, "q8_0": 2007}
BLOCK = 32
NAMES = (
    (r"^model\.", ""),
    (r"\.layers\.", ".blocks."),
    (r"self_attn_layer_norm", "attn_ln"),
    (r"encoder_attn_layer_norm", "cross_attn_ln"),
    (r"final_layer_norm", "mlp_ln"),
    (r"self_attn", "attn"),
    (r"encoder_attn", "cross_attn"),
    (r"q_proj", "query"),
    (r"k_proj", "key"),
    (r"v_proj", "value"),
    (r"out_proj", "out"),
    (r"fc1", "mlp.0"),
    (r"fc2", "mlp.2"),
    (r"embed_positions\.weight", "positional_embedding"),
    (r"embed_tokens", "token_embedding"),
    (r"encoder\.layer_norm", "encoder.ln_post"),
    (r"decoder\.layer_norm", "decoder.ln"),
)


def write_ggml(model: Path, out: Path, kind: str) -> None:
    """Converts a folder that transformers reads.

    Args:
        model: the folder.
        out: the file.
        kind: ``f16`` or ``q8_0``, the type of the matrices.
    """
    from safetensors.numpy import load_file

    from govor.features import mel_filters

    config = json.loads((model / "config.json").read_text())
    mels = config["num_mel_bins"]
    with out.open("wb") as file:
        file.write(struct.pack("12i", MAGIC, *_sizes(config), FILE_TYPES[kind]))
        filters = mel_filters("slaney", mels, 400, 16_000, 0.0, 8_000.0).T
        file.write(struct.pack("2i", *filters.shape) + filters.astype("<f4").tobytes())
        tokens = _tokens(model)
        file.write(struct.pack("i", len(tokens)))
        for token in tokens:
            file.write(struct.pack("i", len(token)) + token)
        for name, values in load_file(model / "model.safetensors").items():
            if name != "proj_out.weight":
                _write_tensor(file, _name(name), values.astype(np.float32), kind)


def _sizes(config: dict[str, int]) -> list[int]:
    wide = config["d_model"]
    return [
        config["vocab_size"],
        config["max_source_positions"],
        wide,
        config["encoder_attention_heads"],
        config["encoder_layers"],
        config["max_target_positions"],
        wide,
        config["decoder_attention_heads"],
        config["decoder_layers"],
        config["num_mel_bins"],
    ]


def _tokens(model: Path) -> list[bytes]:
    """Bytes of every token that stands for text, by id."""
    vocabulary = json.loads((model / "tokenizer.json").read_text())["model"]["vocab"]
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte_of = {chr(byte): byte for byte in plain}
    byte_of |= {chr(256 + i): byte for i, byte in enumerate(sorted(set(range(256)) - set(plain)))}
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    return [bytes(byte_of[c] for c in token) for token in ordered if not token.startswith("<|")]


def _name(name: str) -> str:
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _write_tensor(file: BinaryIO, name: str, values: np.ndarray, kind: str) -> None:
    if re.fullmatch(r"encoder\.conv\d\.bias", name):
        values = values[:, None]
    matrix = values.ndim > 1 and not name.endswith(("positional_embedding", "bias"))
    quantised = matrix and kind == "q8_0" and values.ndim == 2
    content = Q8_0 if quantised else F16 if matrix else F32
    file.write(struct.pack("3i", values.ndim, len(name), content))
    file.write(struct.pack(f"{values.ndim}i", *reversed(values.shape)) + name.encode())
    if quantised:
        file.write(_in_blocks(values))
    else:
        file.write(values.astype("<f2" if content == F16 else "<f4").tobytes())


def _in_blocks(values: np.ndarray) -> bytes:
    """Blocks of 32 values: a scale in float16, then 8-bit integers."""
    blocks = values.reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1, keepdims=True) / 127).astype("<f2")
    safe = np.where(scales == 0, 1, scales).astype(np.float32)
    packed = np.zeros(len(blocks), dtype=[("scale", "<f2"), ("values", "i1", BLOCK)])
    packed["scale"], packed["values"] = scales[:, 0], np.rint(blocks / safe)
    return packed.tobytes()
