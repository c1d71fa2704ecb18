#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes kld-rows.json: KL of rows of single precision, by the definition, in plain Python.

Full vocabulary: ln p = value - ln sum exp (value), KL = sum p_ref (ln p_ref - ln p_cand).
Top K: the tokens that both lists have, and one bucket of all others on each side, the two as near to each other as
rounding may have put them apart."""

import json
import math
import random
import struct

N_VOCAB = 64
ROUNDING = 1e-6


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def log_softmax(row):
    top = max(row)
    total = math.log(math.fsum(math.exp(value - top) for value in row)) + top
    return [value - total for value in row]


def full_kld(ref, cand):
    return math.fsum(math.exp(a) * (a - b) for a, b in zip(ref, cand))


def top_entries(log_p, k, token):
    order = sorted(range(len(log_p)), key=lambda i: (-log_p[i], i))[:k]
    if token not in order:
        order.append(token)
    return {i: single(log_p[i]) for i in order}


def top_kld(ref, cand):
    shared = ref.keys() & cand.keys()
    tail_ref = 1 - math.fsum(math.exp(ref[i]) for i in shared)
    tail_cand = 1 - math.fsum(math.exp(cand[i]) for i in shared)
    sum_ref, sum_cand = 1 - tail_ref, 1 - tail_cand
    kld = math.fsum(math.exp(ref[i]) * (ref[i] - cand[i]) for i in shared) - sum_ref * math.log(sum_ref / sum_cand)
    if abs(tail_ref - tail_cand) <= 2 * ROUNDING:
        return kld, tail_ref
    step = math.copysign(ROUNDING, tail_cand - tail_ref)
    a, b = tail_ref + step, tail_cand - step
    return kld + a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b)), tail_ref


def make_case(generator, spread, noise, offset):
    ref = [single(generator.gauss(offset, spread)) for _ in range(N_VOCAB)]
    cand = [single(value + generator.gauss(0, noise)) for value in ref]
    token = generator.randrange(N_VOCAB)
    log_ref, log_cand = log_softmax(ref), log_softmax(cand)
    case = {
        "token": token, "ref": ref, "cand": cand, "kld": full_kld(log_ref, log_cand),
        "log_p_ref": log_ref[token], "log_p_cand": log_cand[token],
        "same_top": ref.index(max(ref)) == cand.index(max(cand)), "top": [],
    }
    for k in (1, 4, 16):
        top_ref, top_cand = (top_entries(row, k, token) for row in (log_ref, log_cand))
        kld, tail = top_kld(top_ref, top_cand)
        case["top"].append({
            "k": k, "kld": kld, "tail": tail,
            "ref": sorted(top_ref.items()), "cand": sorted(top_cand.items(), reverse=True),
        })
    return case


def main():
    generator = random.Random(6)
    cases = [make_case(generator, spread, noise, offset)
             for spread, noise, offset in ((0.1, 0.01, 0), (1, 0.003, 0), (1, 0.1, 50), (2, 0.3, -9),
                                           (3, 1, 0), (1.5, 3, 1000))]
    print(json.dumps({"n_vocab": N_VOCAB, "cases": cases}))


if __name__ == "__main__":
    main()
