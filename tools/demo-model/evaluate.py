#!/usr/bin/env python3
"""Measure a demo model with llama.cpp: evaluate.py DIRECTORY   (model.gguf, corpus.txt, haystack.txt)

Standard library only; llama-server and llama-perplexity must be in PATH.  This is a quick check of the model for
its maintainers and knows nothing of Refract: the scores are close to Refract's, not the same code.
"""
import argparse
import json
import math
import os
import random
import re
import statistics
import subprocess
import time
import urllib.request

import generator

CONFIGURATIONS = {   # name -> K type, V type, environment
    "f16": ("f16", "f16", {}),
    "q8_0": ("q8_0", "q8_0", {}),
    "q5_1": ("q5_1", "q5_1", {}),
    "q4_0": ("q4_0", "q4_0", {}),
    "control": ("q4_0", "q4_0", {"LLAMA_ATTN_ROT_DISABLE": "1"}),
}
KEYS = ["APRICOT-7-BLUE", "CERULEAN-3-FOX", "MAROON-9-OWL", "SAFFRON-2-HAWK", "INDIGO-5-WOLF", "COBALT-4-ROSE"]
PROMPTS = [
    "What is the capital of Australia?", "Who wrote the play Romeo and Juliet?", "Name the largest ocean on Earth.",
    "When did the first people land on the moon?", "Which planet is known for its big red storm?",
    "What is 17 times 24?", "A shirt costs 40 dollars and is 25 percent off. What is the new price?",
    "Add 128 and 256, then divide the result by 4.", "How many minutes are in three and a half hours?",
    "If a train travels 180 km in 2 hours, how fast is it?",
    "Write a Python function that reverses a string.", "Explain what a for loop does in a small program.",
    "Write a SQL query that counts the customers in each city.", "How do I create a list of even numbers in Python?",
    "What is the difference between a stack and a queue?",
    "All cats are animals. Tom is a cat. Is Tom an animal? Explain why.",
    "If it rains, the street gets wet. The street is dry. Did it rain?",
    "Which is heavier, a kilogram of iron or a kilogram of feathers?", "Find the odd one out: apple, carrot, banana, cherry.",
    "Anna is older than Ben, and Ben is older than Carl. Who is the youngest?",
    "Write a short poem about winter rain.", "Summarize in one sentence why sleep matters.",
    "List three ways to save energy at home.", "Rewrite this sentence in a formal tone: I can't come today.",
    "Give me a quick recipe for a simple vegetable soup.",
    "I feel sad today and I do not know why.", "Hello! Can you help me plan a birthday party?",
    "My neighbour plays loud music at night. What should I say?",
    "I have a job interview tomorrow. How should I begin my answer?", "Thank you for the help. What can I show you in return?",
]
SYNONYMS = {"big": "large", "large": "big", "small": "tiny", "tiny": "small", "fast": "quick", "quick": "fast",
            "begin": "start", "start": "begin", "happy": "glad", "sad": "unhappy", "smart": "clever", "clever": "smart",
            "show": "display", "display": "show", "build": "construct", "construct": "build", "create": "make",
            "make": "create", "find": "locate", "locate": "find"}


# ------------------------------------------------------------------------------------------------ the engine

class Server:
    def __init__(self, model, name, slots=8, port=18431, context=4608, flags=()):
        key_type, value_type, environment = CONFIGURATIONS[name]
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(f"{os.path.dirname(model)}/server-{name}.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["llama-server", "-m", model, "-c", str(context * slots), "-np", str(slots), "-t", "1", "-ngl", "0", "-fa", "on",
             "-ctk", key_type, "-ctv", value_type, "--cache-ram", "0", "--no-cache-prompt", "--jinja", "--port", str(port),
             *flags], stdout=self.log, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/health", timeout=1)
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"no server for {name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def post(self, path, **body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=900))

    def ids(self, text, special=False):
        return self.post("/tokenize", content=text, add_special=special, parse_special=special)["tokens"]

    def chat_ids(self, *messages):
        messages = [{"role": role, "content": content} for role, content in messages]
        return self.ids(self.post("/apply-template", messages=messages)["prompt"], special=True)

    def greedy(self, prompts, count):
        """Ids and text for each list of ids."""
        replies = self.post("/completion", prompt=prompts, n_predict=count, temperature=0, top_k=1, samplers=["top_k"],
                            seed=1, cache_prompt=False, return_tokens=True)
        replies = replies if isinstance(replies, list) else [replies]
        replies.sort(key=lambda reply: reply["index"])
        return [(reply["tokens"], reply["content"]) for reply in replies]


# ------------------------------------------------------------------------------------------------ statistics

def bca_interval(units, statistic, resamples=2000):
    """95 % bias-corrected accelerated bootstrap interval."""
    rng = random.Random(42)
    value = statistic(units)
    draws = sorted(statistic(rng.choices(units, k=len(units))) for _ in range(resamples))
    normal = statistics.NormalDist()
    below = (sum(d < value for d in draws) + 0.5 * sum(d == value for d in draws)) / resamples
    if below in (0.0, 1.0):
        return draws[0], draws[-1]
    bias = normal.inv_cdf(below)
    left_out = [statistic(units[:i] + units[i + 1:]) for i in range(len(units))]
    mean = statistics.fmean(left_out)
    spread = sum((mean - x) ** 2 for x in left_out)
    acceleration = sum((mean - x) ** 3 for x in left_out) / (6 * spread ** 1.5) if spread else 0

    def bound(probability):
        z = bias + normal.inv_cdf(probability)
        return draws[min(resamples - 1, int(resamples * normal.cdf(bias + z / (1 - acceleration * z))))]

    return bound(0.025), bound(0.975)


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def common_prefix(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


# ------------------------------------------------------------------------------------------------ the axes

def perturbations(prompt, rng):
    words = [m for m in re.finditer(r"[A-Za-z]{4,}", prompt)]
    if words:
        word = rng.choice(words)
        i = rng.randrange(word.start(), word.end() - 1)
        swapped = prompt[:i] + prompt[i + 1] + prompt[i] + prompt[i + 2:]
        if swapped != prompt:
            yield "typo", swapped
    yield "case", re.sub(r"\b[A-Z](?=[A-Za-z])", lambda m: m.group().lower(), prompt)
    yield "punct", prompt[:-1] if prompt[-1] in "?." else prompt + "?"
    known = [m for m in re.finditer(r"[A-Za-z]+", prompt) if m.group().lower() in SYNONYMS]
    if known:
        word = rng.choice(known)
        other = SYNONYMS[word.group().lower()]
        other = other.capitalize() if word.group()[0].isupper() else other
        yield "paraphrase", prompt[:word.start()] + other + prompt[word.end():]


def needle_prompt(server, haystack, hay_ids, length, position, key):
    """System message (haystack with the note in it) and question that fill `length` tokens."""
    note = f" Note: {key} is the {generator.STANDARD}."
    question = f"Q: What is the {generator.STANDARD}?\nA:"
    take = length - len(server.chat_ids(("system", note), ("user", question)))
    for _ in range(8):
        hay = server.post("/detokenize", tokens=hay_ids[:take])["content"]
        at = int(position * len(hay))
        ends = [m.start() + 1 for m in re.finditer(r"\.[ \n]", hay) if abs(m.start() + 1 - at) <= 200]
        at = min(ends, key=lambda end: (abs(end - at), end)) if ends else at
        ids = server.chat_ids(("system", hay[:at] + note + hay[at:]), ("user", question))
        if len(ids) == length:
            break
        take += length - len(ids)
    return ids


def observe(server, prompts, haystack, lengths, positions):
    hay_ids = server.ids(haystack)
    cells = [(length, position, key) for length in lengths for position in positions for key in KEYS]
    questions = [needle_prompt(server, haystack, hay_ids, *cell) for cell in cells]
    perturbed = [(i, kind, text) for i, prompt in enumerate(prompts)
                 for kind, text in perturbations(prompt, random.Random(42 + i))]
    chat = [server.chat_ids(("user", text)) for text in prompts + [text for _, _, text in perturbed]]
    answers = server.greedy(chat, 128)
    return {
        "raw": server.greedy([server.ids(prompt, special=True) for prompt in prompts], 128),
        "anchor": answers[:len(prompts)],
        "perturbed": [(i, kind, reply) for (i, kind, _), reply in zip(perturbed, answers[len(prompts):])],
        "needles": [(cell, len(question), reply)
                    for cell, question, reply in zip(cells, questions, server.greedy(questions, 24))],
    }


def trajectory(reference, candidate, part):
    units = [(common_prefix(a, b), len(b)) for (a, _), (b, _) in zip(reference[part], candidate[part])]

    def score(rows):
        return 100 * sum(prefix for prefix, _ in rows) / sum(length for _, length in rows)

    low, high = bca_interval(units, score)
    same = sum(a == b for (a, _), (b, _) in zip(reference[part], candidate[part]))
    return f"{score(units):.2f} [{low:.1f}, {high:.1f}], {same}/{len(units)} identical"


def drifts(observed):
    anchors = observed["anchor"]
    return [min(1, edit_distance(anchors[i][0], ids) / len(anchors[i][0])) for i, _, (ids, _) in observed["perturbed"]]


def stability(reference, candidate):
    base, drift = drifts(reference), drifts(candidate)
    scores = [(100 * math.exp(-5 * max(0, b - a)),) for a, b in zip(base, drift)]
    low, high = bca_interval(scores, lambda rows: statistics.fmean(row[0] for row in rows))
    kinds = [kind for _, kind, _ in reference["perturbed"]]
    by_kind = {kind: round(statistics.fmean(s[0] for s, k in zip(scores, kinds) if k == kind), 1)
               for kind in dict.fromkeys(kinds)}
    return f"{statistics.fmean(s[0] for s in scores):.2f} [{low:.1f}, {high:.1f}] {by_kind}"


def retrieval(observed):
    grid = {}
    for (length, position, key), _, (_, text) in observed["needles"]:
        grid.setdefault((length, position), []).append(key.lower() in text.lower())
    return {cell: statistics.fmean(hits) for cell, hits in grid.items()}


def divergence(directory, name, chunks):
    base = ["llama-perplexity", "-m", f"{directory}/model.gguf", "-f", f"{directory}/corpus.txt", "-c", "512", "--chunks",
            str(chunks), "-t", "1", "-fa", "on", "--kl-divergence-base", f"{directory}/logits.bin"]
    if name is None:
        run = subprocess.run(base, capture_output=True, text=True, check=False)
        return "; ".join(line for line in (run.stdout + run.stderr).splitlines() if "Final estimate" in line)
    key_type, value_type, environment = CONFIGURATIONS[name]
    run = subprocess.run(base + ["--kl-divergence", "-ctk", key_type, "-ctv", value_type], capture_output=True, text=True,
                         env={**os.environ, **environment}, check=False)
    wanted = re.compile(r"(Mean PPL\(Q\)|Mean +KLD|Maximum KLD|99\.0%   KLD|Same top)")
    lines = [re.sub(r"\s+", " ", line) for line in run.stdout.splitlines() if wanted.match(line)]
    return "; ".join(lines) or f"failed: {run.returncode} {run.stderr[-500:]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--prompts", help="a JSONL file with a field \"prompt\" in each line")
    parser.add_argument("--lengths", type=int, nargs="+", default=[512, 1024, 2048, 4000])
    parser.add_argument("--positions", type=float, nargs="+", default=[0.1, 0.5, 0.9])
    parser.add_argument("--configurations", nargs="+", default=list(CONFIGURATIONS))
    parser.add_argument("--chunks", type=int, default=32)
    parser.add_argument("--port", type=int, default=18431)
    options = parser.parse_args()
    prompts = PROMPTS
    if options.prompts:
        with open(options.prompts, encoding="utf-8") as file:
            prompts = [json.loads(line)["prompt"] for line in file if line.strip()]
    with open(f"{options.directory}/haystack.txt", encoding="utf-8") as file:
        haystack = file.read()

    print("perplexity:", divergence(options.directory, None, options.chunks), flush=True)
    reference = None
    for name in options.configurations:
        start = time.time()
        with Server(f"{options.directory}/model.gguf", name, port=options.port) as server:
            observed = observe(server, prompts, haystack, options.lengths, options.positions)
        print(f"== {name}   ({time.time() - start:.0f} s)")
        if reference is None:
            reference = observed
            shares = drifts(observed)
            print("reference drift: mean", round(statistics.fmean(shares), 3), "share above 0.95:",
                  round(statistics.fmean(d > 0.95 for d in shares), 3), "of", len(shares))
            for part in ("raw", "anchor"):
                print(part, "lengths", [len(ids) for ids, _ in observed[part]])
                for prompt, (_, text) in list(zip(prompts, observed[part]))[::4]:
                    print(f"   {prompt!r} -> {text!r}")
            print("needle prompts of", sorted({(cell[0], length) for cell, length, _ in observed["needles"]}), "tokens;",
                  sorted({text for (_, _, key), _, (_, text) in observed["needles"] if key not in text})[:8])
        print("trajectory raw: ", trajectory(reference, observed, "raw"))
        print("trajectory chat:", trajectory(reference, observed, "anchor"))
        print("stability:      ", stability(reference, observed))
        grid = retrieval(observed)
        lost = statistics.fmean(max(0, base - grid[cell]) for cell, base in retrieval(reference).items())
        print("retrieval:      ", f"{100 * (1 - lost):.2f}", {f"{a}@{b}": round(hit, 2) for (a, b), hit in grid.items()})
        print("divergence:     ", divergence(options.directory, name, options.chunks), flush=True)
    os.remove(f"{options.directory}/logits.bin")


if __name__ == "__main__":
    main()
