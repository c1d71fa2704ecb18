# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by the Python that has MLX, without Refract: what the tests compare with.

mlx_peers.py kld MODEL CORPUS N_CTX N_CHUNKS BITS GROUP   mean KLD and flips, in numpy, from mlx-lm's own caches
mlx_peers.py models MODEL FOLDER                          models whose caches cannot all be quantized, or that bring code
"""

import json
import os
import shutil
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten


def log_softmax(logits):
    rows = np.array(logits.astype(mx.float32)).astype(np.float64)
    rows -= rows.max(axis=-1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True))


def kld(model_folder, corpus, n_ctx, n_chunks, bits, group):
    import mlx_lm
    from mlx_lm.models.cache import make_prompt_cache

    model, tokenizer = mlx_lm.load(model_folder)
    model.set_dtype(mx.float32)
    with open(corpus, encoding="utf-8") as file:
        ids = tokenizer.encode(file.read())
    values, flips = [], []
    for start in range(0, n_ctx * n_chunks, n_ctx):
        chunk = mx.array([[tokenizer.bos_token_id, *ids[start + 1:start + n_ctx]]])
        empty = [cache.to_quantized(group_size=group, bits=bits) for cache in make_prompt_cache(model)]
        ref, cand = (log_softmax(model(chunk, cache=cache)[0, n_ctx // 2:n_ctx - 1])
                     for cache in (make_prompt_cache(model), empty))
        values.append((np.exp(ref) * (ref - cand)).sum(axis=-1))
        flips.append(ref.argmax(axis=-1) != cand.argmax(axis=-1))
    values = np.concatenate(values)
    print(json.dumps({"mean": values.mean(), "max": values.max(), "n": len(values),
                      "flips": np.concatenate(flips).mean()}))


def write_model(source, folder, module, config):
    """Random weights, the tokenizer of `source`."""
    import importlib

    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    arch = importlib.import_module(f"mlx_lm.models.{module}")
    mx.random.seed(1)
    model = arch.Model(arch.ModelArgs.from_dict(config))
    mx.save_safetensors(os.path.join(folder, "model.safetensors"), dict(tree_flatten(model.parameters())))
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


def models(source, folder):
    with open(os.path.join(source, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    write_model(source, os.path.join(folder, "window"), "llama",
                {**config, "sliding_window": 64,
                 "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]})
    write_model(source, os.path.join(folder, "hybrid"), "lfm2", {
        "model_type": "lfm2", "architectures": ["Lfm2ForCausalLM"], "vocab_size": config["vocab_size"],
        "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 2,
        "max_position_embeddings": 4096, "norm_eps": 1e-5, "conv_bias": False, "conv_L_cache": 3, "block_dim": 128,
        "block_ff_dim": 256, "block_multiple_of": 32, "block_ffn_dim_multiplier": 1.0, "block_auto_adjust_ff_dim": False,
        "rope_theta": 1e6, "full_attn_idxs": [1], "layer_types": ["conv", "full_attention", "conv"],
        "bos_token_id": 1, "eos_token_id": 2})
    code = os.path.join(folder, "code")
    shutil.copytree(source, code)
    with open(os.path.join(code, "config.json"), "w", encoding="utf-8") as file:
        json.dump({**config, "model_file": "own.py"}, file)
    with open(os.path.join(code, "own.py"), "w", encoding="utf-8") as file:
        file.write("import os\nopen(os.path.join(os.path.dirname(__file__), 'was-run'), 'w').close()\n"
                   "from mlx_lm.models.llama import Model, ModelArgs\n")


if __name__ == "__main__":
    if sys.argv[1] == "kld":
        kld(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
    else:
        models(*sys.argv[2:])
