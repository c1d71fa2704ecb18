#!/usr/bin/env python3
"""Train the demo model: train.py DIRECTORY   (writes tokenizer.model, weights.pt and log.txt there)

Needs torch, numpy and sentencepiece.  One thread, fixed seeds and a schedule by steps: the same command with the
same versions on the same kind of processor gives the same weights.
"""
import argparse
import os
import random
import time
from dataclasses import dataclass

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F

import generator
from model import VOCABULARY, Model, start_with_induction

BOS, EOS, SYSTEM, USER, ASSISTANT = 1, 2, 3, 4, 5
ROLES = ["<|system|>", "<|user|>", "<|assistant|>"]


@dataclass
class Stage:
    steps: int
    tokens: int      # in each step
    lengths: tuple   # of the sequences; one is drawn for each step
    copies: float    # share of random segments to repeat
    text: float      # share of articles
    chat: float      # share of prompts with answers
    notes: float     # share of texts with a note in them, a question and its answer
    noise: float     # on keys and values, relative to their size


SCHEDULE = [
    Stage(300, 2048, (64, 96), copies=0.60, text=0.15, chat=0.00, notes=0.25, noise=0.0),
    Stage(500, 2048, (96, 128, 256), copies=0.20, text=0.20, chat=0.15, notes=0.45, noise=0.0),
    Stage(500, 4096, (256, 512), copies=0.05, text=0.20, chat=0.30, notes=0.45, noise=0.0),
    Stage(500, 4096, (256, 512, 1024), copies=0.03, text=0.22, chat=0.30, notes=0.45, noise=0.03),
    Stage(700, 4096, (512, 1024, 1024, 2048, 2048, 4096), copies=0.03, text=0.20, chat=0.30, notes=0.47, noise=0.05),
]


def train_tokenizer(directory, seed):
    path = f"{directory}/tokenizer"
    if not os.path.exists(path + ".model"):
        rng = random.Random(seed + 1)
        with open(path + ".txt", "w", encoding="utf-8") as file:
            file.write(generator.prose(rng, 700_000))
            for _ in range(4000):
                prompt = generator.prompt(rng)
                file.write(f"{prompt.text}\n{prompt.answer}\n")
            for _ in range(4000):
                note = generator.note(rng)
                file.write(f"{note.text}\n{note.question}\n")
            for _ in range(40000):
                file.write(f"Note: {generator.code_word(rng)} is\n")
        sentencepiece.SentencePieceTrainer.train(
            input=path + ".txt", model_prefix=path, vocab_size=VOCABULARY, model_type="bpe", byte_fallback=True,
            add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
            control_symbols=ROLES, required_chars="".join(map(chr, range(33, 127))), unk_id=0,
            bos_id=BOS, eos_id=EOS, pad_id=-1, minloglevel=2, num_threads=1)
        os.remove(path + ".txt")
    return sentencepiece.SentencePieceProcessor(model_file=path + ".model")


class Data:
    """Sequences of length + 1 ids, and how much each of the `length` predictions counts."""

    def __init__(self, tokenizer, seed, chars):
        self.encode, self.rng = tokenizer.encode, random.Random(seed)
        self.prose = np.array(tokenizer.encode(generator.prose(self.rng, chars)), dtype=np.int32)
        ends = np.array([tokenizer.id_to_piece(i).endswith(".") for i in range(VOCABULARY)])
        self.sentence_starts = np.flatnonzero(ends[self.prose]) + 1

    def text(self, length):
        start = self.rng.randrange(len(self.prose) - length)
        return [BOS] + self.prose[start:start + length].tolist(), [1.0] * length

    def copies(self, length):
        """A random segment over and over, sometimes with something between."""
        rng = self.rng
        few = [rng.randrange(6, VOCABULARY) for _ in range(rng.choice((16, 64, 256, 700)))]

        def draw(count):
            return [rng.choice(few) for _ in range(count)]

        segment = draw(rng.randint(3, max(4, min(length // 3, 200))))
        before = draw(rng.randint(0, length // 4))
        ids, weights = [BOS] + before + segment, [0.02] * (len(before) + len(segment))
        while len(ids) <= length:
            ids += segment
            weights += [0.1] + [1.0] * (len(segment) - 1)
            if rng.random() < 0.5:
                between = draw(rng.randint(0, 8))
                ids += between
                weights += [0.02] * len(between)
        return ids[:length + 1], weights[:length]

    def chat(self, length):
        """Prompts with answers one after the other, as a conversation or as plain text."""
        ids, weights = [], []
        while len(ids) <= length:
            prompt = generator.prompt(self.rng)
            question, answer = self.encode(prompt.text), self.encode(prompt.answer)
            if self.rng.random() < 0.5:
                head, tail = [BOS, USER] + question + [EOS, ASSISTANT], answer + [EOS]
            else:
                head = [BOS] + question
                tail = self.encode(self.rng.choice(("\n", "\n", " ")) + prompt.answer) + [EOS]
            ids += head + tail
            weights += [0.0] + [0.1] * (len(head) - 1) + [1.0] * len(tail)
        return ids[:length + 1], weights[1:length + 1]

    def notes(self, length):
        """Prose with a note in it and other notes to confuse it with, the question and the answer."""
        rng, encode = self.rng, self.encode
        wanted = generator.note(rng)
        before, after = rng.choice(((" ", ""), (" ", ""), (" ", ""), (" ", " "), ("\n", ""), ("\n", "\n")))
        insert = [encode(before + wanted.text + after)]
        if length >= 128 and rng.random() < 0.4:
            for _ in range(rng.randint(1, max(1, min(6, length // 256)))):
                insert.append(encode(" " + generator.note(rng, other_than=wanted.kind).text))
        head = [BOS, SYSTEM]
        question = [EOS, USER] + encode(wanted.question) + [EOS, ASSISTANT]
        answer = encode(" " + wanted.key) + [EOS]
        room = length + 1 - len(head) - sum(map(len, insert)) - len(question) - len(answer)
        if room < 0:
            return self.copies(length)
        index = rng.randrange(len(self.sentence_starts))
        start = min(self.sentence_starts[index], len(self.prose) - room)
        first, last = np.searchsorted(self.sentence_starts, (start, start + room))
        places = [0] + (self.sentence_starts[first:last] - start).tolist()
        hay, at = [], 0
        for place, piece in sorted((rng.choice(places), piece) for piece in insert):
            hay += self.prose[start + at:start + place].tolist() + piece
            at = place
        hay += self.prose[start + at:start + room].tolist()
        weights = [1.0] * length
        weights[-len(answer):] = [min(0.5 * length, 150) / len(answer)] * len(answer)
        return head + hay + question + answer, weights

    def batch(self, stage, length):
        kinds = self.rng.choices((self.copies, self.text, self.chat, self.notes),
                                 weights=(stage.copies, stage.text, stage.chat, stage.notes),
                                 k=max(1, stage.tokens // length))
        ids, weights = zip(*(kind(length) for kind in kinds))
        return torch.tensor(ids), torch.tensor(weights)


@torch.no_grad()
def mean_loss(model, draw, length, count):
    total = weight = 0.0
    for _ in range(count):
        ids, weights = map(torch.tensor, draw(length))
        loss = F.cross_entropy(model(ids[None, :-1])[0], ids[1:], reduction="none")
        total += loss[weights == 1].sum().item()
        weight += (weights == 1).sum().item()
    return total / weight


@torch.no_grad()
def note_hits(model, data, length, count):
    """Share of the questions whose whole answer is the most likely one."""
    hits = 0
    for _ in range(count):
        ids, weights = data.notes(length)
        answer = sum(weight > 1 for weight in weights)
        ids = torch.tensor(ids)
        hits += bool((model(ids[None, :-1])[0, -answer:].argmax(-1) == ids[-answer:]).all())
    return hits / count


def evaluate(model, held_out, length):
    held_out.rng.seed(1)
    parts = [f"text {mean_loss(model, held_out.text, 512, 4):.3f}", f"chat {mean_loss(model, held_out.chat, 512, 4):.3f}",
             f"copy {mean_loss(model, held_out.copies, 128, 8):.3f}"]
    for note_length, count in ((128, 24), (512, 24), (2048, 12)):
        if note_length <= 4 * length:
            parts.append(f"notes@{note_length} {note_hits(model, held_out, note_length, count):.2f}")
    return " ".join(parts)


def learning_rate(step, total):
    """Relative to the peak: warm-up, plateau, then down in a straight line."""
    return min(1, (step + 1) / 100, 0.02 + 0.98 * (total - step) / (0.65 * total))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of steps")
    parser.add_argument("--start", choices=("induction", "random"), default="induction")
    options = parser.parse_args()
    os.makedirs(options.directory, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)

    tokenizer = train_tokenizer(options.directory, options.seed)
    data = Data(tokenizer, options.seed + 2, 10_000_000)
    held_out = Data(tokenizer, options.seed + 1000, 300_000)
    model = Model()
    if options.start == "induction":
        start_with_induction(model)
    matrices = [p for p in model.blocks.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    optimizers = [torch.optim.AdamW(matrices, lr=0.003, betas=(0.9, 0.97), weight_decay=0.05, fused=True),
                  torch.optim.AdamW(others, lr=0.003, betas=(0.9, 0.97), weight_decay=0.0, fused=True)]
    peaks = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]

    stages = [stage for stage in SCHEDULE for _ in range(max(1, round(stage.steps * options.scale)))]
    log = open(f"{options.directory}/log.txt", "w", encoding="utf-8")
    print("parameters", sum(p.numel() for p in model.parameters()), "prose", len(data.prose), "tokens",
          tokenizer.encode("Note: APRICOT-7-BLUE", out_type=str), flush=True)
    begin, seen, losses = time.time(), 0, []
    for step, stage in enumerate(stages):
        length = data.rng.choice(stage.lengths)
        ids, weights = data.batch(stage, length)
        logits = model(ids[:, :-1], stage.noise)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none")
        loss = (loss * weights.flatten()).sum() / weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, peak in zip(optimizers, peaks):
            optimizer.param_groups[0]["lr"] = peak * learning_rate(step, len(stages))
            optimizer.step()
            optimizer.zero_grad()
        seen += ids.numel()
        losses.append(loss.item())
        if (step + 1) % 100 == 0 or step + 1 == len(stages):
            line = (f"step {step + 1} tokens {seen / 1e6:.2f}M loss {np.mean(losses):.3f} "
                    + evaluate(model, held_out, max(stage.lengths)))
            losses = []
            print(f"{(time.time() - begin) / 60:5.1f} min", line, flush=True)
            log.write(line + "\n")
            log.flush()
            torch.save(model.state_dict(), f"{options.directory}/weights.pt")


if __name__ == "__main__":
    main()
