#!/usr/bin/env python3
"""weights.pt and tokenizer.model -> f16 GGUF: to_gguf.py DIRECTORY FILE   (needs torch, numpy, gguf, sentencepiece)"""
import argparse
import os

import gguf
import numpy as np
import sentencepiece
import torch

from model import CONTEXT, EPSILON, HEAD_DIM, HEADS, HIDDEN, KV_HEADS, LAYERS, ROPE_BASE, VOCABULARY, WIDTH

TEMPLATE = ("{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}</s>{% endfor %}"
            "{% if add_generation_prompt %}<|assistant|>{% endif %}")
MATRICES = {"query": "attn_q", "key": "attn_k", "value": "attn_v", "output": "attn_output", "gate": "ffn_gate",
            "up": "ffn_up", "down": "ffn_down"}
OUTLIERS = (30, 62)   # first channels of the pairs, one for each block of 32
OUTLIER_FACTOR = 2.5


def token_type(tokenizer, token):
    if tokenizer.is_unknown(token):
        return gguf.TokenType.UNKNOWN
    if tokenizer.is_control(token):
        return gguf.TokenType.CONTROL
    return gguf.TokenType.BYTE if tokenizer.is_byte(token) else gguf.TokenType.NORMAL


def add_outliers(weights, factor):
    """Give each key and value head a few large channels, as large models have them, without changing what the
    network computes: what is multiplied here is divided on the other side.  They are what makes a coarse KV cache
    hurt, and what the rotation of keys and values is for."""
    for layer in range(LAYERS):
        block = {name: weights[f"blocks.{layer}.{name}.weight"] for name in MATRICES}
        for head in range(KV_HEADS):
            for first in OUTLIERS:
                channels = torch.tensor([head * HEAD_DIM + first, head * HEAD_DIM + first + 1])   # a rotary pair
                block["key"][channels] *= factor
                block["value"][channels] *= factor
                for query_head in range(head * HEADS // KV_HEADS, (head + 1) * HEADS // KV_HEADS):
                    ours = channels + (query_head - head) * HEAD_DIM
                    block["query"][ours] /= factor
                    block["output"][:, ours] /= factor


def load(directory, outliers):
    weights = torch.load(f"{directory}/weights.pt", map_location="cpu")
    add_outliers(weights, outliers)
    return weights, sentencepiece.SentencePieceProcessor(model_file=f"{directory}/tokenizer.model")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("file")
    parser.add_argument("--outliers", type=float, default=OUTLIER_FACTOR)
    options = parser.parse_args()
    target = options.file
    weights, tokenizer = load(options.directory, options.outliers)
    tokens = range(VOCABULARY)

    writer = gguf.GGUFWriter(target, "llama")
    writer.add_name("Refract demo")
    writer.add_license("CC0-1.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([tokenizer.id_to_piece(token).encode() for token in tokens])
    writer.add_token_scores([tokenizer.get_score(token) for token in tokens])
    writer.add_token_types([token_type(tokenizer, token) for token in tokens])
    writer.add_unk_token_id(tokenizer.unk_id())
    writer.add_bos_token_id(tokenizer.bos_id())
    writer.add_eos_token_id(tokenizer.eos_id())
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)

    def add(name, tensor, dtype=np.float16):
        writer.add_tensor(name + ".weight", tensor.float().numpy().astype(dtype))

    add("token_embd", weights["embedding.weight"])   # also the output layer: there is no output.weight
    add("output_norm", weights["norm"], np.float32)
    for layer in range(LAYERS):
        for ours, theirs in MATRICES.items():
            add(f"blk.{layer}.{theirs}", weights[f"blocks.{layer}.{ours}.weight"])
        add(f"blk.{layer}.attn_norm", weights[f"blocks.{layer}.attention_norm"], np.float32)
        add(f"blk.{layer}.ffn_norm", weights[f"blocks.{layer}.mlp_norm"], np.float32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(target, os.path.getsize(target), "bytes")


if __name__ == "__main__":
    main()
