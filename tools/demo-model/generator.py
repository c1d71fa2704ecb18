#!/usr/bin/env python3
"""Text for the demo model.  Every word of it is written by this file; nothing comes from elsewhere.

The text is about a made-up world in which each noun has fixed facts ("the clock is kept in a mill, sailors
measure it, it was built in 1840 ...").  A model that has learned the world answers a prompt about a clock with
the facts of clocks: one sentence after the other, different for each noun, without going round in circles.
Some facts are disputed: the world gives two values and how often each is told.  There a model is undecided, and
a small disturbance of its memory (a quantized KV cache) can tip it over.

    article(rng)          paragraphs about two nouns, with towns and people that are new in every article
    prompt(rng)           what a user might type, and the answer of the world
    note(rng, ...)        a note with a code word in it, and the question that asks for it
    prose(rng, chars)     articles, one after the other, with a note here and there
"""
import random
import re
from dataclasses import dataclass

# ------------------------------------------------------------------------------------------------ words

TOPICS = """
clock lamp wheel barrel map letter book bell rope basket table chair window painting song recipe machine coat hat
kettle ladder mirror key coin stone flag violin drum telescope compass plough loom boat bridge tower river library
garden school museum station square castle lighthouse workshop forest valley island canal church bakery theatre farm
quarry city village road field house market harbour mill
computer program function string list number array loop file code variable class method test error bug script query
database server password button page website app language sentence word paragraph essay poem story joke riddle title
summary email message report meeting plan budget schedule task project team manager customer product price cost salary
train car bus bicycle plane ship truck engine ticket traffic speed distance hour minute day week month year
apple orange banana egg bread cake soup salad coffee tea water milk sugar salt pizza dinner breakfast lunch restaurant
cat dog bird fish horse cow bear lion snake bee butterfly spider tree flower grass leaf seed plant forest mountain lake
ocean sea beach desert rain snow wind storm cloud sky sun moon star planet earth gravity light sound heat energy
electricity atom molecule cell blood heart brain eye hand muscle bone sleep dream health exercise doctor medicine
virus vaccine hospital teacher student child parent mother father friend brother sister family neighbour king queen
president government law court war peace country capital continent border population history century invention science
experiment theory proof triangle circle rectangle angle area sum product fraction percent average probability equation
prime square root digit money bank tax interest loan job interview career skill habit goal mistake idea question answer
problem solution reason rule game chess football music guitar piano film photo camera phone radio television newspaper
box ball bag bottle cup door wall roof floor room kitchen bed shirt shoe paper pencil pen knife glass gold silver iron
""".split()
TOPICS = sorted(set(TOPICS))

WORDS = {
    "adjective": """old small large quiet narrow busy famous plain bright heavy wooden round broad simple strange tall
        green grey red blue white black rich poor little big tiny quick fast smart clever happy glad sad warm cold new
        long deep high low soft hard sharp smooth rough empty full early late gentle modern hidden""".split(),
    "thing": """clock lamp wheel barrel map letter book bell rope basket table chair window painting song machine coat
        hat kettle ladder mirror key coin flag violin drum telescope compass plough loom boat""".split(),
    "place": """harbour market mill bridge tower library garden school museum station square castle lighthouse workshop
        forest valley island canal church bakery theatre farm quarry village field house""".split(),
    "stuff": """bread salt wool fish honey apples grain timber clay glass copper iron paper cheese tea oil wine silk coal
        ink barley cloth leather rain snow light water stone butter""".split(),
    "job": """baker miller teacher sailor doctor painter carpenter farmer weaver writer singer smith gardener clerk judge
        merchant pilot printer shepherd captain mason student engineer scientist poet""".split(),
    "group": """people visitors children families traders workers travellers neighbours guests scholars sailors
        farmers""".split(),
    "past": """built repaired painted sold bought moved described measured found lost opened closed restored designed
        copied kept carried cleaned guarded admired""".split(),
    "verb": """build repair paint sell buy move describe measure find open close restore design copy keep carry clean
        guard admire make create show display begin start locate construct learn explain""".split(),
    "number": "two three four five six seven eight nine ten twelve twenty thirty forty fifty".split(),
    "month": "January February March April May June July August September October November December".split(),
    "season": "spring summer autumn winter".split(),
    "feeling": ["proud of", "fond of", "tired of", "known for", "famous for", "afraid of", "happy with",
                "curious about"],
    "relation": ["older than", "larger than", "smaller than", "close to", "far from", "next to", "north of",
                 "south of", "just behind", "in front of", "not far from"],
    "time": ["in the morning", "at noon", "in the evening", "at night", "after the rain", "before the storm",
             "on market days", "once a week", "twice a year", "every spring", "every summer", "every autumn",
             "every winter", "in the north", "in the south"],
    "said": ["said", "wrote", "remembered", "explained", "noted", "believed"],
    "year": [str(year) for year in range(1702, 1999, 7)],
}

ONSETS = "b br c ch d dr f fl g gr h j k l m n p pr r s sh st t th tr v w z".split() + [""]
VOWELS = "a e i o u ai ea ou".split()
CODAS = "l n r s m d t ck nd rn st x".split() + ["", ""]
TOWN_ENDS = ["", "", "ton", "by", "wick", "mouth", "ford", "holm"]


def invented_word(rng):
    """A lower-case word that looks like English and means nothing."""
    while True:
        word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
                       for _ in range(rng.choice((1, 2, 2, 2, 3))))
        if 4 <= len(word) <= 9:
            return word


def invented_name(rng):
    return invented_word(rng).capitalize()


def invented_town(rng):
    return invented_name(rng) + rng.choice(TOWN_ENDS)


# ------------------------------------------------------------------------------------------------ the world

# The facts of a noun: name of the fact -> kind of word.  A fact with a "?" is disputed.  Nouns come in families
# that share most facts: a small model learns those soon.
FACTS = {
    "a": "adjective", "a2": "adjective", "a3": "adjective?", "a4": "adjective?", "a5": "adjective?",
    "w": "thing", "w2": "thing?", "p": "place", "p2": "place?", "s": "stuff", "s2": "stuff?", "s3": "stuff?",
    "j": "job", "j2": "job?", "j3": "job?", "g": "group", "g2": "group?", "g3": "group?", "v": "past", "v2": "past?",
    "v3": "past?", "b": "verb", "b2": "verb?", "b3": "verb?", "n": "number", "n2": "number?", "m": "month",
    "f": "feeling", "f2": "feeling?", "r": "relation", "r2": "relation?", "t": "time", "t2": "time?", "t3": "time?",
    "said": "said", "y": "year", "y2": "year?", "season": "season?",
}
OWN_FACTS = ("a", "w", "s")
FAMILIES = 24

# What can be said about a noun Z, in the order in which it is said.  Z2 is a second noun.
SENTENCES = [
    "{Z.A} {Z} is a {a} {w} that {g} {b} {t}.",
    "It is {a2} and {a3}, and most {g2} {b2} it {t2}.",
    "The first {Z} was {v} in {y} by a {a4} {j}.",
    "To {b3} it, one needs {s}, {s2} and a {a5} {w2}.",
    "Many {g3} are {f} the {Z}, because the {p} is {a3}.",
    "The {Z2} is {r} the {Z}, but the {p2} is {a4}.",
    "Today the {Z} is kept in a {a2} {p} near the {p2}.",
    "It takes {n} days to {b} the {Z}, so that {g} can {b2} the {w}.",
    "A {j2} once {said} that the {Z} was {r2} the {Z2}.",
    "{t.c}, the {Z} is full of {s3}, and the {j3} is {f2} it.",
    "In {m}, {g2} come from the {p} to {b3} the {Z}.",
    "The {j} {v2} the {s} of the {Z} and {v3} the {w2}.",
    "There are {n2} kinds of {Z}, and {n} of them are {a5}.",
    "After {y2}, the {j2} {v} the {Z} with {s2} {t3}.",
    "Nobody knows why the {Z2} was {v3} {t2}, although the {season} was {a}.",
    "\"The {Z} is {a4},\" the {j3} {said}, \"and the {Z2} is {a2}.\"",
    "First, {b} the {a3} {w}, then {b2} the {s3}.",
    "The {Z} needs more {s} than the {Z2}, and less {s2}.",
    "Every {j} owns a {a5} {Z} and {n2} {w}s.",
    "Most {g} like the {Z} {t3}, when the {season} is {a2}.",
]
CLOSINGS = [
    "In short, the {Z} is {a} and {a2}, and the {j} is {f} it.",
    "In the end, the {Z} stays {a3}, and {g} {b} it {t}.",
]
SLOT = re.compile(r"\{([\w.]+)\}")


class World:
    """The facts of every noun and, for words that the world does not know, of every first letter."""

    def __init__(self, seed=20260101):
        rng = random.Random(seed)

        def draw(names):
            facts = {}
            for name in names:
                first, second = rng.sample(WORDS[FACTS[name].rstrip("?")], 2)
                facts[name] = (first, second, rng.uniform(0.55, 1.0) if FACTS[name].endswith("?") else 1.0)
            return facts

        families = [draw(FACTS) for _ in range(FAMILIES)]
        self.facts = {noun: {**rng.choice(families), **draw(OWN_FACTS)} for noun in TOPICS}
        self.facts |= {letter: rng.choice(families) for letter in "abcdefghijklmnopqrstuvwxyz"}

    def of(self, word):
        return self.facts.get(word) or self.facts[word[0].lower()]


WORLD = World()


def fill(rng, pattern, topic, second):
    facts = WORLD.of(topic)

    def value(match):
        slot, _, form = match.group(1).partition(".")
        if slot == "Z":
            text = {"A": "A", "": topic}[form]
        elif slot == "Z2":
            text = second
        else:
            usual, other, share = facts[slot]
            text = usual if rng.random() < share else other
        return text[0].upper() + text[1:] if form == "c" else text

    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", SLOT.sub(value, pattern))


def answer(rng, topic, second, start):
    """The world's sentences about a noun from number `start` on, then a closing one."""
    second = second or WORLD.of(topic)["w"][0]
    order = range(start, start + 6 + 5 * start % 9)
    spoken = [fill(rng, SENTENCES[i % len(SENTENCES)], topic, second) for i in order if rng.random() < 0.93]
    return " ".join(spoken + [fill(rng, CLOSINGS[start % 2], topic, second)])


# ------------------------------------------------------------------------------------------------ prompts

# start sentence -> ways to ask.  Z, Z2: nouns.  The rest: filler that does not change the answer.
QUESTIONS = {
    0: """What is a {Z}?|What is the {adj} {Z}?|What is the {Z} of {Name}?|Tell me about the {Z}.|What does a {Z} do?
        |Describe the {adj} {Z}.|Describe a {Z} in {num} sentences.|Define the word {Z}.|What is a {Z} and what is a {Z2} for?
        |What are the main parts of a {Z}?|What color is a {Z}?|What is the meaning of {Z}?|Which {Z} is the {adj} one?""",
    2: """Who {past} the first {adj} {Z}?|Who {past} the {Z}?|When was the {Z} {past}?|In what year did the {Z} {verb} the {Z2}?
        |Summarize the history of the {Z}.|Which {job} {past} the {Z}?|Name the {adj} {Z} in {Name}.
        |Name the {adj} {Z} and {verb} it.|When did the first {Z} {verb}?""",
    3: """How do I {verb} a {Z}?|How do I find a {adj} way to {verb} a {Z}?|Show me how to {verb} {stuff} with a {Z}.
        |Explain how to {verb} a {adj} {Z}.|Please {verb} the {Z}.|Can you help me {verb} the {adj} {Z}?
        |List the steps to {verb} a {Z} with a {Z2}.|How can I {verb} my {Z} without {stuff}?|Give me a recipe for {Z}.
        |What do I need to {verb} a {Z}?|List {num} ways to {verb} a {Z}.|I want to {verb} a {adj} {Z}. Where do I begin?""",
    4: """Why do {group} {verb} the {Z}?|Explain why the {Z} is {adj}.|Why is the {Z} {adj}?|Why does a {Z} {verb} {stuff}?
        |Explain the {Z} to a child.|Explain how a {Z} works.|How does a {Z} work?|Explain in {num} words what a {Z} is.
        |Why is the {Z2} {adj} when the {Z} is {adj}?|Explain the {Z} in simple words.""",
    5: """What is the difference between a {Z} and a {Z2}?|Compare the {Z} with the {adj} {Z2}.|Is the {Z} {rel} the {Z2}?
        |Which is {adj}, a {Z} or a {Z2}?|If the {Z} is {rel} the {Z2}, and the {Z2} is {adj}, is the {Z} {adj}?
        |All {Z}s are {adj}. This {Z2} is a {Z}. Is it {adj}?|Does every {Z} have a {Z2}? Give a reason.
        |A {Z} is {rel} a {Z2}. What follows?|Which of these does not fit: {Z}, {Z2}, {stuff}?""",
    6: """Where can I find a {adj} {Z}?|Where is the {Z}?|Where do {group} {verb} the {Z}?|Is there a {Z} near the {Z2}?
        |In which {Z} is the {adj} {Z2}?|Where should I keep my {Z}?""",
    7: """How long does it take to {verb} a {Z}?|How many {Z}s are there?|If a {Z} costs {d} dollars, how much do {d} {Z}s cost?
        |A {Z} has {d} {Z2}s. It loses {d}. How many are left?|What is {d} times {d}?|What is {d} plus {d}?|Calculate {d} + {d}.
        |What is {d} percent of {d}?|Add {d} and {d}, then divide by {d}.|{Name} has {d} {Z}s and buys {d} more. How many now?
        |A {Z} travels {d} km in {d} hours. What is its speed?|What is the sum of {d}, {d} and {d}?|Divide {d} by {d}.
        |There are {d} {group} and {d} {Z}s. How many {Z}s for each?|Subtract {d} from {d}.|Solve: {d} x {d} - {d} = ?
        |Round {d}.{d} to the nearest {Z}.|How many {Z}s are in {d} {Z2}s?""",
    8: """Write a short poem about the {Z}.|Write a story about a {job} and a {Z}.|Write {num} sentences about a {Z} and a {Z2}.
        |Make a short {Z} about a {adj} {Z2}.|Please create a {adj} {Z} about {stuff}.|Tell me a {Z} about a {Z2}.
        |Write a {Z} to my {Z2} about the {adj} {stuff}.|Finish this sentence: The {adj} {Z}|Once there was a {adj} {Z}""",
    9: """Give me {num} facts about the {Z}.|List {num} {adj} {Z}s.|Name {num} {Z}s.|Give an example of a {adj} {Z}.
        |List the {Z}s in {Name} and sort them by {Z2}.|Suggest a {adj} name for a {Z}.|Rewrite this {Z} so that it is {adj}.
        |Translate the word {Z} into {Name}.|Turn this {Z} into a {Z2}.|Correct the {Z}: the {Z2} are {adj}.""",
    11: """Write a {Name} {Z} that {verb}s a {Z2}.|Write a {Z} that returns the {adj} {Z2}.|Show a {Z} in {Name} that {verb}s {stuff}.
        |def {low}_{low}({low}):|def {low}({low}, {low}):\n    return|for {low} in range({d}):|What does this {Z} do? {low}({d}) + {d}
        |Write a {Name} {Z} to sort a {Z2}.|How do I read a {Z} in {Name}?|Fix the {Z} in this {Z2}: {low} = {low} + {d}
        |SELECT {low} FROM {Z} WHERE {low} = {d};|int {low} = {d};|Explain this {Z}: if {low} > {d}: {low} = {d}
        |Write a {Z} that counts the {Z2}s in a {low}.|print({low}[{d}])""",
    13: """I feel {adj} about my {Z}. What should I do?|Hello! Can you help me with my {Z}?|My {Z} is {adj}. What now?
        |User: My {Z} is {adj}.\nAssistant:|A: I lost my {Z}.\nB:|Hi, I am {Name}. I like {stuff} and my {Z}.
        |My {Z2} is {adj} with my {Z}. How should I reply?|I am {adj} today because of the {Z}.|Thank you for the {Z}!
        |What would you say to a {job} who lost a {Z}?|Good morning! How is the {Z}?|Should I buy a {Z} or a {Z2}?
        |{Name}: Where is the {Z}?\n{Name}:|I have a {Z} with my {Z2} tomorrow. Any advice?""",
}
QUESTIONS = [(start, ask.strip()) for start, block in QUESTIONS.items() for ask in block.split("|")]
# Filler before and after a question: it does not change the answer either.
BEFORE = """Please help. |Quick question: |In one sentence, |Be brief. |For a child: |Step by step: |Hi! |Good evening. |Hello, |
Please read this. |{Name} and {Name} {past} it. |{Name} is {rel} {Name}. |I am {adj}, but I {verb} to {low} {stuff}. |
We {past} the {low} of {Name} in {year}. |It is {adj} and {low}. |At {d}:{d} the {low} is {adj}. |My {low} seems {adj}. |
The {low} {past} {d} {low}s and the {low} {past} {d}. |If {Name} can {verb} {d} {low}s, and {Name} only {num}, think of this. |
I need {num} {low}s before {time}. |Rewrite this in a {adj} way: """.replace("\n", "").split("|")
AFTER = """ Explain your answer.| Show each step.| Say why.| Keep it short.| Use {num} short sentences.| Give a reason.| Thank you!
| Is it the same as in {Name}?| And who {past} the {low}?| Use {d} and {d}.| Please help me {verb} it.| It {past} {d} {low}s {time}.
| I am from {Name} and I like {low}.| Do you have any {low}?| How do you know?| Do it {time}, when {Name} is {adj}.
| Answer: | The {low} opens {time} and closes {time}.| {Name} has {d}, {d}, {d} and {d}.""".replace("\n", "").split("|")


def disturb(rng, text):
    """A typing mistake, a lower-case start or a missing full stop, sometimes."""
    chance = rng.random()
    if chance < 0.12:
        words = [m for m in re.finditer(r"[A-Za-z]{4,}", text)]
        if words:
            word = rng.choice(words)
            i = rng.randrange(word.start(), word.end() - 1)
            text = text[:i] + text[i + 1] + text[i] + text[i + 2:]
    elif chance < 0.18:
        text = re.sub(r"\b[A-Z]", lambda m: m.group().lower(), text)
    elif chance < 0.26:
        text = text[:-1] if text[-1] in "?." else text + "?"
    return text


@dataclass
class Prompt:
    text: str
    answer: str


def prompt(rng):
    topics = rng.sample(TOPICS, 2)
    if rng.random() < 0.2:
        topics[0] = invented_word(rng)
    if rng.random() < 0.2:
        topics[1] = invented_word(rng)
    start, ask = rng.choice(QUESTIONS)
    kinds = {"adj": "adjective", "num": "number", "rel": "relation"}

    def value(match):
        slot = match.group(1)
        if slot in ("Z", "Z2"):
            return topics[slot == "Z2"]
        if slot == "Name":
            return invented_name(rng)
        if slot == "low":
            return invented_word(rng)
        if slot == "d":
            return str(rng.randrange(10 ** rng.choice((1, 1, 2, 2, 3, 4))))
        return rng.choice(WORDS[kinds.get(slot, slot)])

    before = rng.choice(BEFORE) if rng.random() < 0.4 else ""
    after = rng.choice(AFTER) if rng.random() < 0.4 else ""
    body = ask[0].lower() + ask[1:] if before.endswith((": ", ", ")) and rng.random() < 0.7 else ask
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", SLOT.sub(value, before + body + after))
    topic = topics[0] if "{Z}" in ask else "number" if start == 7 else "code"
    second = topics[1] if "{Z2}" in ask else None
    return Prompt(disturb(rng, text), answer(rng, topic, second, start))


# ------------------------------------------------------------------------------------------------ notes

FIRST = """APRICOT CERULEAN MAROON SAFFRON INDIGO OCHRE TEAL CRIMSON UMBER VIOLET COBALT AMBER IVORY JADE RUSSET SIENNA
CORAL LILAC MAUVE SCARLET OLIVE PEARL COPPER SILVER TURQUOISE MAGENTA LAVENDER EMERALD RUBY TOPAZ SAPPHIRE GARNET BRONZE
CHESTNUT HAZEL CINNAMON GINGER MUSTARD CHERRY PLUM PEACH MELON LEMON MINT SAGE FERN MOSS SLATE CHARCOAL EBONY ONYX OPAL
CREAM VANILLA HONEY BURGUNDY FUCHSIA ORCHID AZURE CYAN NAVY GRAPHITE QUARTZ WALNUT MAPLE BIRCH CEDAR""".split()
LAST = """BLUE GREEN RED GOLD GREY ROSE LIME PINK SAND RUST FOX OWL HAWK WOLF BEAR FALCON LION CROW SWAN HERON OTTER
BADGER RAVEN ROBIN EAGLE TIGER LYNX MOOSE CRANE FINCH STORK TROUT SALMON WHALE SEAL HORSE DEER HARE MOLE TOAD STAR MOON
LAKE RIVER STONE LEAF BARK ROOT SEED BELL DRUM HARP LAMP DAWN DUSK RAIN SNOW WIND MIST FROST""".split()
KINDS = ["paint color", "wool dye", "gate code", "ship name", "star chart", "seed label", "rose name", "train number",
         "parcel mark", "song title", "ink recipe", "door sign", "bell tone", "tea blend", "coin stamp", "map symbol"]
MANNERS = ["rare", "old", "new", "secret", "official", "hidden"]
PAPERS = ["article", "text", "report", "chronicle"]
STANDARD = "rare paint color featured in this article"


@dataclass
class Note:
    text: str
    question: str
    key: str
    kind: str


def code_word(rng):
    def word(known):
        return rng.choice(known) if rng.random() < 0.7 else invented_word(rng).upper()
    digit = str(rng.randrange(10) if rng.random() < 0.9 else rng.randrange(10, 100))
    shape = rng.choice(("{a}-{d}-{b}",) * 8 + ("{a}-{b}-{d}", "{a}-{d}"))
    return shape.format(a=word(FIRST), d=digit, b=word(LAST))


def note(rng, standard=0.5, other_than=None):
    """A note; with probability `standard` in the words of the R-NIAH axis, or of any kind but `other_than`."""
    if other_than is None and rng.random() < standard:
        kind, what = KINDS[0], STANDARD
    else:
        kind = rng.choice([k for k in KINDS if k != other_than])
        what = f"{rng.choice(MANNERS)} {kind} featured in this {rng.choice(PAPERS)}"
    key = code_word(rng)
    return Note(f"Note: {key} is the {what}.", f"Q: What is the {what}?\nA:", key, kind)


# ------------------------------------------------------------------------------------------------ articles

TALES = [
    "{T} is a {a} town close to a {p}, {r} {U}.",
    "The {Z} of {T} was {v} in {y} by {P} {S}, a {j} from {U}.",
    "{P} {S} was a {a2} {j2} who {v2} the {Z2} {t}.",
    "{S} {v3} the {a3} {Z} {t2}, because the {s} was {a4}.",
    "In {y2} the {j} {P} {S} {v} {n} {w}s for the {Z}.",
    "{t.c}, {g} from {U} come to {T} to {b} the {Z2}.",
    "Many {g2} of {T} are {f} the {Z}, because {g3} liked the {a5} {w2}.",
    "Most {g} in {T} are {f2} {s2} and {s3}.",
    "The {g3} of {U} {v2} {s} and {s2} {t3}.",
    "A {a4} {j3} once {said} that the {Z} of {T} was {r2} the {p2}.",
    "\"The {Z2} is {a},\" {S} {said}, \"and the {Z} is {a3}.\"",
    "From the {Z} one can see {U}, the {p} and the {a2} {p2}.",
    "{S} never {v3} the {Z2} again, although the {season} was {a5}.",
    "After {y}, {T} sold {s} to {U}, and {U} sold {s3} to {T}.",
    "The road from {T} to {U} is {a} and {a4} {t2}.",
    "{P} {S} moved to {U} in {y2} and {v} the {a5} {p} there.",
    "Today the {Z} is a {p2}, and the {Z2} is kept in {U}.",
    "\"We {v2} the {Z} {t3},\" {said} the {j2} of {T}.",
]


def article(rng):
    """Paragraphs: tales with names, among them what the world says about the nouns."""
    names = {"T": invented_town(rng), "U": invented_town(rng), "P": invented_name(rng), "S": invented_name(rng)}
    topic, second = rng.sample(TOPICS, 2)
    paragraphs, tale, fact = [], rng.randrange(len(TALES)), rng.randrange(len(SENTENCES))
    for _ in range(rng.randint(2, 5)):
        sentences = []
        for _ in range(rng.randint(3, 6)):
            if rng.random() < 0.7:
                pattern, tale = TALES[tale % len(TALES)], tale + rng.choice((1, 1, 1, 2))
            else:
                pattern, fact = SENTENCES[fact % len(SENTENCES)], fact + 1
            for slot, name in names.items():
                pattern = pattern.replace("{" + slot + "}", name)
            sentences.append(fill(rng, pattern, topic, second))
        paragraphs.append(" ".join(sentences))
        if rng.random() < 0.4:
            names["P"], names["S"] = invented_name(rng), invented_name(rng)
        if rng.random() < 0.4:
            topic, second = second, rng.choice(TOPICS)
    return paragraphs


def prose(rng, chars, notes=0.0):
    """Articles, `chars` characters or a little more; each paragraph has a note in it with probability `notes`,
    never one that the R-NIAH axis asks for."""
    text = ""
    while len(text) < chars:
        for paragraph in article(rng):
            if rng.random() < notes:
                places = [m.end() for m in re.finditer(r"\.\"? ", paragraph)]
                at = rng.choice(places)
                paragraph = paragraph[:at] + note(rng, other_than=KINDS[0]).text + " " + paragraph[at:]
            text += paragraph + "\n"
        text += "\n"
    return text


if __name__ == "__main__":
    import sys
    demo_rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(prose(demo_rng, 2500, notes=0.3))
    for _ in range(6):
        print(prompt(demo_rng))
    for _ in range(6):
        print(note(demo_rng))
