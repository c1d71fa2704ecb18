#!/usr/bin/env python3
"""Write corpus.txt and haystack.txt: texts.py DIRECTORY   (same world as in training, seeds that training never uses)"""
import random
import sys

import generator

with open(f"{sys.argv[1]}/corpus.txt", "w", encoding="utf-8") as corpus:
    corpus.write(generator.prose(random.Random(900001), 150_000))
with open(f"{sys.argv[1]}/haystack.txt", "w", encoding="utf-8") as haystack:
    haystack.write(generator.prose(random.Random(900002), 75_000))
