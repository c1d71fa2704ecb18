"""The network: a plain Llama (RMSNorm, rotary positions in adjacent pairs, SwiGLU, tied embeddings)."""
import math

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, LAYERS, HEADS, KV_HEADS, HEAD_DIM, HIDDEN = 128, 3, 2, 2, 64, 384
VOCABULARY, CONTEXT, ROPE_BASE, EPSILON = 1536, 4608, 1e6, 1e-5


def rotate(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def disturb(x, noise):
    """What a quantized KV cache does to keys and values, more or less: errors of `noise` times the usual size."""
    size = x.square().mean(-1, keepdim=True).sqrt()
    return x + noise * 12 ** 0.5 * size * (torch.rand_like(x) - 0.5)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = nn.Parameter(torch.ones(WIDTH))
        self.query = nn.Linear(WIDTH, HEADS * HEAD_DIM, bias=False)
        self.key = nn.Linear(WIDTH, KV_HEADS * HEAD_DIM, bias=False)
        self.value = nn.Linear(WIDTH, KV_HEADS * HEAD_DIM, bias=False)
        self.output = nn.Linear(HEADS * HEAD_DIM, WIDTH, bias=False)
        self.mlp_norm = nn.Parameter(torch.ones(WIDTH))
        self.gate = nn.Linear(WIDTH, HIDDEN, bias=False)
        self.up = nn.Linear(WIDTH, HIDDEN, bias=False)
        self.down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x, cos, sin, noise):
        batch, length, _ = x.shape
        normed = F.rms_norm(x, (WIDTH,), self.attention_norm, EPSILON)
        query = rotate(self.query(normed).view(batch, length, HEADS, HEAD_DIM).transpose(1, 2), cos, sin)
        key = rotate(self.key(normed).view(batch, length, KV_HEADS, HEAD_DIM).transpose(1, 2), cos, sin)
        value = self.value(normed).view(batch, length, KV_HEADS, HEAD_DIM).transpose(1, 2)
        if noise:
            key, value = disturb(key, noise), disturb(value, noise)
        mixed = F.scaled_dot_product_attention(query.to(value.dtype), key.to(value.dtype), value, is_causal=True,
                                               enable_gqa=HEADS != KV_HEADS)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, HEADS * HEAD_DIM))
        normed = F.rms_norm(x, (WIDTH,), self.mlp_norm, EPSILON)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.Parameter(torch.ones(WIDTH))
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, parameter.shape[-1] ** -0.5)
        nn.init.normal_(self.embedding.weight, 0, 0.05)
        for block in self.blocks:
            block.output.weight.data.mul_(0.1)
            block.down.weight.data.mul_(0.1)
        self.register_buffer("cos", rotations().cos(), persistent=False)
        self.register_buffer("sin", rotations().sin(), persistent=False)

    def forward(self, ids, noise=0.0):
        x = self.embedding(ids)
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin, noise)
        return F.linear(F.rms_norm(x, (WIDTH,), self.norm, EPSILON), self.embedding.weight)


def frequencies():
    return ROPE_BASE ** (-torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM)


def rotations():
    return torch.outer(torch.arange(CONTEXT).float(), frequencies())


@torch.no_grad()
def start_with_induction(model):
    """Start values that copy: a head of layer 0 looks one token back, and a head of layer 1 looks for tokens that
    follow what is now being read and repeats them.  Everything stays trainable; it only saves time."""
    def orthonormal_rows(rows, columns):
        return torch.linalg.qr(torch.randn(columns, rows))[0].T

    # One component of the embedding is the same in every token: what does not depend on the token hangs on it.
    constant = model.embedding.weight.norm(dim=1).mean().item()
    model.embedding.weight[:, 0] = constant
    rms = model.embedding.weight.norm(dim=1).mean().item() / WIDTH ** 0.5
    here, before, copied = (orthonormal_rows(HEAD_DIM, WIDTH - 1) for _ in range(3))

    # Layer 0, head 0: the score is a sum of strength * cos(frequency * (distance - 1)) over the fast pairs.
    first = model.blocks[0]
    fast = HEAD_DIM // 4
    strengths = [8, 6, 5, 4, 3, 3, 2, 2] + [1] * (fast - 8)
    for weight in (first.query.weight, first.key.weight, first.value.weight):
        weight[:HEAD_DIM] = 0
    for pair, frequency in enumerate(frequencies()[:fast].tolist()):
        size = (strengths[pair] * HEAD_DIM ** 0.5) ** 0.5 / (constant / rms)
        first.query.weight[2 * pair, 0] = size
        first.key.weight[2 * pair, 0] = size * math.cos(frequency)
        first.key.weight[2 * pair + 1, 0] = size * math.sin(frequency)
    first.value.weight[:HEAD_DIM, 1:] = here * rms
    first.output.weight[:, :HEAD_DIM] = 0
    first.output.weight[1:, :HEAD_DIM] = before.T

    # Layer 1, head 0: the token of now against the token before the others, in the slow pairs.
    second = model.blocks[1]
    for weight in (second.query.weight, second.key.weight, second.value.weight):
        weight[:HEAD_DIM] = 0
    half = HEAD_DIM // 2
    second.query.weight[half:HEAD_DIM, 1:] = 2.2 * here[:half]
    second.key.weight[half:HEAD_DIM, 1:] = 2.2 * before[:half]
    second.value.weight[:HEAD_DIM, 1:] = copied * rms
    second.output.weight[:, :HEAD_DIM] = 0
    second.output.weight[1:, :HEAD_DIM] = 3 * copied.T
