#!/usr/bin/env python3
"""The demo model's GGUF -> Hugging Face directory: to_hf.py FILE DIRECTORY [float16|float32]

Needs gguf, numpy, safetensors and tokenizers.  Reads a llama without biases, tied or not, with SentencePiece's BPE.
"""
import json
import os
import sys

import gguf
import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
         "token_embd": "embed_tokens", "output_norm": "norm"}


def halves(weight, heads):
    """Rotary pairs: a GGUF's are neighbours (2i, 2i + 1), theirs are (i, i + half the head)."""
    return weight.reshape(heads, -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def tensors(reader, heads, kv_heads, dtype):
    result = {}
    for tensor in reader.tensors:
        *block, name, kind = tensor.name.split(".")
        weight = tensor.data
        if name in ("attn_q", "attn_k"):
            weight = halves(weight, heads if name == "attn_q" else kv_heads)
        prefix = f"model.layers.{block[1]}." if block else "model."
        name = "lm_head" if name == "output" else prefix + NAMES[name]
        result[f"{name}.{kind}"] = np.ascontiguousarray(weight, dtype)
    return result


def fast_tokenizer(pieces, types):
    """SentencePiece's BPE as merges: the pairs of known pieces that make a piece, best piece first."""
    vocabulary = {piece: token for token, piece in enumerate(pieces)}
    merges = []
    for piece, token in vocabulary.items():
        if types[token] != gguf.TokenType.NORMAL:
            continue
        pairs = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        pairs = [pair for pair in pairs if pair[0] in vocabulary and pair[1] in vocabulary]
        merges += sorted(pairs, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
    result = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token=pieces[types.index(gguf.TokenType.UNKNOWN)],
                                  fuse_unk=True, byte_fallback=True))
    result.normalizer = normalizers.Replace(" ", "\u2581")
    result.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    result.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece, kind in zip(pieces, types)
                               if kind in (gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL)])
    return result


def main():
    source, target = sys.argv[1:3]
    dtype = sys.argv[3] if len(sys.argv) > 3 else "float16"
    reader = gguf.GGUFReader(source)

    def value(key):
        return reader.fields[key].contents()

    heads, kv_heads = value("llama.attention.head_count"), value("llama.attention.head_count_kv")
    weights = tensors(reader, heads, kv_heads, dtype)
    pieces = value("tokenizer.ggml.tokens")
    bos, eos = value("tokenizer.ggml.bos_token_id"), value("tokenizer.ggml.eos_token_id")
    start, end = pieces[bos], pieces[eos]
    tokenizer = fast_tokenizer(pieces, value("tokenizer.ggml.token_type"))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{start} $A", pair=f"{start} $A {start}:1 $B:1",
                                                             special_tokens=[(start, bos)])
    os.makedirs(target, exist_ok=True)
    save_file(weights, f"{target}/model.safetensors", metadata={"format": "pt"})
    tokenizer.save(f"{target}/tokenizer.json")
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": len(pieces),
        "hidden_size": value("llama.embedding_length"), "intermediate_size": value("llama.feed_forward_length"),
        "num_hidden_layers": value("llama.block_count"), "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "head_dim": value("llama.attention.key_length"), "hidden_act": "silu",
        "rms_norm_eps": round(value("llama.attention.layer_norm_rms_epsilon"), 9),
        "max_position_embeddings": value("llama.context_length"), "rope_theta": value("llama.rope.freq_base"),
        "rope_parameters": {"rope_type": "default", "rope_theta": value("llama.rope.freq_base")},
        "tie_word_embeddings": "lm_head.weight" not in weights, "attention_bias": False, "mlp_bias": False,
        "bos_token_id": bos, "eos_token_id": eos, "torch_dtype": dtype,
    }
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": start, "eos_token": end,
        "unk_token": pieces[value("tokenizer.ggml.unknown_token_id")],
        "model_max_length": config["max_position_embeddings"], "clean_up_tokenization_spaces": False,
        "chat_template": value("tokenizer.chat_template"),
    }
    for name, content in (("config", config), ("tokenizer_config", tokenizer_config),
                          ("generation_config", {"bos_token_id": bos, "eos_token_id": eos})):
        with open(f"{target}/{name}.json", "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
    print(target)


if __name__ == "__main__":
    main()
