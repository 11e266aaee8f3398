"""A Llama as llama.cpp computes it, with weights by the names that they have in a GGUF file."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """The sizes of a Llama.

    Attributes:
        vocabulary: tokens.
        width: of the residual stream.
        layers: blocks.
        heads: of queries; each as wide as width / heads.
        kv_heads: of keys and values; divides heads.
        hidden: width of the feed-forward part.
        context: tokens that it is trained on.
        epsilon: of the RMS norms.
        rope_base: of the rotary positions.
        tied: whether the output matrix is the embedding.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    hidden: int
    context: int
    epsilon: float
    rope_base: float
    tied: bool

    def __post_init__(self):
        if self.width % self.heads or (self.width // self.heads) % 2 or self.heads % self.kv_heads:
            raise ValueError(
                f"a width of {self.width} with {self.heads} heads ({self.kv_heads} of keys); wanted: heads that divide"
                " the width into even parts, and heads of keys that divide the heads"
            )

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Every weight by its name in a GGUF file, with its shape, rows first."""
        kv = self.width // self.heads * self.kv_heads
        all_of = {"token_embd.weight": (self.vocabulary, self.width), "output_norm.weight": (self.width,)}
        if not self.tied:
            all_of["output.weight"] = (self.vocabulary, self.width)
        for i in range(self.layers):
            block = f"blk.{i}."
            all_of |= {
                block + "attn_norm.weight": (self.width,),
                block + "attn_q.weight": (self.width, self.width),
                block + "attn_k.weight": (kv, self.width),
                block + "attn_v.weight": (kv, self.width),
                block + "attn_output.weight": (self.width, self.width),
                block + "ffn_norm.weight": (self.width,),
                block + "ffn_gate.weight": (self.hidden, self.width),
                block + "ffn_up.weight": (self.hidden, self.width),
                block + "ffn_down.weight": (self.width, self.hidden),
            }
        return all_of


class Llama(nn.Module):
    """Weights and how they are used. Rotary positions turn neighbouring pairs, as GGUF files of Llamas want it."""

    def __init__(self, shape: Shape, weights: dict[str, torch.Tensor]):
        super().__init__()
        wanted = shape.tensors()
        if wanted.keys() != weights.keys():
            raise ValueError(f"weights are missing or too many: {sorted(wanted.keys() ^ weights.keys())[:4]}")
        for name, tensor in weights.items():
            if tuple(tensor.shape) != wanted[name]:
                raise ValueError(f"{name} has the shape {tuple(tensor.shape)}; wanted: {wanted[name]}")
        self.shape = shape
        # Names of parameters may not have dots.
        self.weights = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(t) for name, t in weights.items()})
        half = shape.width // shape.heads // 2
        frequencies = shape.rope_base ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.outer(torch.arange(shape.context, dtype=torch.float64), frequencies)
        self.register_buffer("cosines", angles.cos().float(), persistent=False)
        self.register_buffer("sines", angles.sin().float(), persistent=False)

    @classmethod
    def fresh(cls, shape: Shape, seed: int) -> "Llama":
        """Random weights: normal of 0.02, what adds to the residual stream smaller by √(2 · layers)."""
        generator = torch.Generator().manual_seed(seed)
        weights = {}
        for name, size in shape.tensors().items():
            if len(size) == 1:
                weights[name] = torch.ones(size)
            else:
                deep = name.endswith(("attn_output.weight", "ffn_down.weight"))
                scale = 0.02 / (2 * shape.layers) ** 0.5 if deep else 0.02
                weights[name] = torch.randn(size, generator=generator) * scale
        return cls(shape, weights)

    def named(self) -> dict[str, torch.Tensor]:
        """The weights by their names in a GGUF file."""
        return {name.replace("/", "."): parameter.detach() for name, parameter in self.weights.items()}

    def _weight(self, name: str) -> torch.Tensor:
        return self.weights[name.replace(".", "/")]

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.rms_norm(x, (self.shape.width,), self._weight(name), self.shape.epsilon)

    def _rotate(self, x: torch.Tensor) -> torch.Tensor:
        """float[B, H, T, D]."""
        length = x.shape[2]
        cos, sin = self.cosines[:length], self.sines[:length]
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        """What the output matrix is applied to, float[B, T, width], of int64[B, T] with T up to the context."""
        shape = self.shape
        batch, length = tokens.shape
        x = functional.embedding(tokens, self._weight("token_embd.weight"))
        for i in range(shape.layers):
            block = f"blk.{i}."
            h = self._norm(x, block + "attn_norm.weight")

            def heads(name: str, count: int) -> torch.Tensor:
                return (h @ self._weight(block + name).T).view(batch, length, count, -1).transpose(1, 2)

            q = self._rotate(heads("attn_q.weight", shape.heads))
            k = self._rotate(heads("attn_k.weight", shape.kv_heads))
            v = heads("attn_v.weight", shape.kv_heads)
            if shape.kv_heads != shape.heads:
                k = k.repeat_interleave(shape.heads // shape.kv_heads, 1)
                v = v.repeat_interleave(shape.heads // shape.kv_heads, 1)
            attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + attended.transpose(1, 2).reshape(batch, length, -1) @ self._weight(block + "attn_output.weight").T
            h = self._norm(x, block + "ffn_norm.weight")
            gate = functional.silu(h @ self._weight(block + "ffn_gate.weight").T)
            x = x + (gate * (h @ self._weight(block + "ffn_up.weight").T)) @ self._weight(block + "ffn_down.weight").T
        return self._norm(x, "output_norm.weight")

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """float[…, vocabulary] of float[…, width]."""
        return hidden @ self._weight("token_embd.weight" if self.shape.tied else "output.weight").T

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of what follows each token, float[B, T, vocabulary]."""
        return self.logits(self.hidden(tokens))
