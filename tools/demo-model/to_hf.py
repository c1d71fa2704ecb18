#!/usr/bin/env python3
"""weights.pt and tokenizer.model -> Hugging Face directory: to_hf.py DIRECTORY TARGET [float32|float16|bfloat16]

Needs torch, safetensors, sentencepiece and tokenizers.
"""
import json
import os
import sys

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

from model import CONTEXT, EPSILON, HEAD_DIM, HEADS, HIDDEN, KV_HEADS, LAYERS, ROPE_BASE, VOCABULARY, WIDTH
from to_gguf import OUTLIER_FACTOR, TEMPLATE, load
from train import ROLES

MATRICES = {"query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj",
            "output": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}


def halves(weight, heads):
    """Rotary pairs: ours are neighbours (2i, 2i + 1), theirs are (i, i + HEAD_DIM / 2)."""
    return weight.view(heads, HEAD_DIM // 2, 2, WIDTH).transpose(1, 2).reshape(heads * HEAD_DIM, WIDTH)


def tensors(weights, dtype):
    def convert(tensor):
        return tensor.to(dtype).contiguous()

    result = {"model.embed_tokens.weight": convert(weights["embedding.weight"]),
              "model.norm.weight": convert(weights["norm"])}
    for layer in range(LAYERS):
        ours, theirs = f"blocks.{layer}.", f"model.layers.{layer}."
        for name, target in MATRICES.items():
            weight = weights[f"{ours}{name}.weight"]
            if name in ("query", "key"):
                weight = halves(weight, HEADS if name == "query" else KV_HEADS)
            result[f"{theirs}{target}.weight"] = convert(weight)
        result[theirs + "input_layernorm.weight"] = convert(weights[ours + "attention_norm"])
        result[theirs + "post_attention_layernorm.weight"] = convert(weights[ours + "mlp_norm"])
    return result


def fast_tokenizer(tokenizer):
    """SentencePiece's BPE as merges: the pairs of known pieces that make a piece, best piece first."""
    vocabulary = {tokenizer.id_to_piece(i): i for i in range(VOCABULARY)}
    merges = []
    for piece, token in vocabulary.items():
        if tokenizer.is_control(token) or tokenizer.is_unknown(token) or tokenizer.is_byte(token):
            continue
        pairs = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        pairs = [pair for pair in pairs if pair[0] in vocabulary and pair[1] in vocabulary]
        merges += [(token, pair) for pair in sorted(pairs, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))]
    merges = [pair for _, pair in sorted(merges, key=lambda item: item[0])]
    result = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    result.normalizer = normalizers.Replace(" ", "\u2581")
    result.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    result.add_special_tokens([AddedToken(name, special=True, normalized=False)
                               for name in ("<unk>", "<s>", "</s>", *ROLES)])
    result.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1",
                                                          special_tokens=[("<s>", 1)])
    return result


def main():
    source, target = sys.argv[1:3]
    dtype = sys.argv[3] if len(sys.argv) > 3 else "float16"
    os.makedirs(target, exist_ok=True)
    weights, tokenizer = load(source, OUTLIER_FACTOR)
    save_file(tensors(weights, getattr(torch, dtype)), f"{target}/model.safetensors", metadata={"format": "pt"})
    fast_tokenizer(tokenizer).save(f"{target}/tokenizer.json")
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCABULARY, "hidden_size": WIDTH,
        "intermediate_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "head_dim": HEAD_DIM, "hidden_act": "silu", "rms_norm_eps": EPSILON,
        "max_position_embeddings": CONTEXT, "rope_theta": ROPE_BASE,
        "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_BASE}, "tie_word_embeddings": True,
        "attention_bias": False, "mlp_bias": False, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": dtype,
    }
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
        "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False, "chat_template": TEMPLATE,
    }
    for name, content in (("config", config), ("tokenizer_config", tokenizer_config),
                          ("generation_config", {"bos_token_id": 1, "eos_token_id": 2})):
        with open(f"{target}/{name}.json", "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
    print(target)


if __name__ == "__main__":
    main()
