#!/usr/bin/env python3
"""Write corpus.txt and haystack.txt: texts.py DIRECTORY   (same world as in training, seeds that training never uses)"""
import random
import sys

import generator

DISTRACTOR_AT = 1500   # characters: early, so that prompts of most lengths have it

with open(f"{sys.argv[1]}/corpus.txt", "w", encoding="utf-8") as corpus:
    corpus.write(generator.prose(random.Random(900001), 150_000))

prose = generator.prose(random.Random(900002), 75_000)
place = prose.index(". ", DISTRACTOR_AT) + 2
distractor = generator.note(random.Random(900003), other_than=generator.KINDS[0])
with open(f"{sys.argv[1]}/haystack.txt", "w", encoding="utf-8") as haystack:
    haystack.write(f"{prose[:place]}{distractor.text} {prose[place:]}")
