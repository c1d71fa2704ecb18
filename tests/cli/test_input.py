# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad usage and bad input: each has a clear sentence and exit status 2, before an engine starts."""

import struct

from refract_cli import CORPUS, HAYSTACK, MODEL, CliTest, main

CANDIDATE = ("--candidate", "ctk=q8_0,ctv=q8_0")
SCORE = ("score", "--model", MODEL, *CANDIDATE, "--corpus", CORPUS)


def gguf(**values):
    """A header and one small tensor: enough for what is checked before a model is loaded."""
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    entries = b""
    for name, value in values.items():
        entries += text(name.replace("__", "."))
        if isinstance(value, str):
            entries += struct.pack("<I", 8) + text(value)
        else:
            entries += struct.pack("<II", 4, value)
    entries += text("tensor") + struct.pack("<IQIQ", 1, 32, 0, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(values)) + entries
    return header + bytes(-len(header) % 32 + 128)


class Usage(CliTest):
    def test_version_says_which_program(self):
        self.check(0, "--version", says=["Refract", "librefract"])

    def test_help(self):
        self.check(0, "--help", says=["score", "selftest", "demo", "Exit status"])
        self.check(0, "score", "--help-all", says=["--candidate", "--rniah-up-to", "--kv-budget"])

    def test_nothing(self):
        self.check(2, says="Usage")

    def test_unknown(self):
        self.check(2, "scor", says="no command “scor”")
        self.check(2, "score", "--modle", "x", says="--modle")
        self.check(2, *SCORE, "extra", says="“extra”")

    def test_no_candidate(self):
        self.check(2, "score", "--model", MODEL, "--corpus", CORPUS, says="--candidate")

    def test_no_model(self):
        self.check(2, "score", *CANDIDATE, says="--model")

    def test_no_corpus(self):
        self.check(2, "score", "--model", MODEL, *CANDIDATE, says="--corpus")

    def test_bounds(self):
        self.check(2, *SCORE, "--n-predict", "0", says=["n-predict", "from 1"])
        self.check(2, *SCORE, "--n-predict", "many", says="n-predict")
        self.check(2, *SCORE, "--ctx", "512,abc", says=["abc", "ctx"])
        self.check(2, *SCORE, "--rniah-positions", "0.5,1.5", says="1.5")
        self.check(2, *SCORE, "--axes", "trajectory,speed", says="speed")
        self.check(2, *SCORE, "--prompt-mode", "poem", says="poem")
        self.check(2, *SCORE, "--kv-budget", "much", says="kv-budget")
        self.check(2, *SCORE, "--rniah-ctx-max", "100", says="rniah-ctx-max")
        self.check(2, *SCORE, "--fail-below", "101", says="--fail-below")
        self.check(2, *SCORE, "--backend", "abacus", says="abacus")

    def test_control_is_a_candidate(self):
        self.check(2, *SCORE, "--control", "ctv=q8_0,ctk=q8_0", says="control")

    def test_plan(self):
        self.check(2, "score", "--plan", self.path("none.json"), says="none.json")
        plan = self.write("plan.json", '{"version": 1, "modle": "x"}')
        self.check(2, "score", "--plan", plan, says="modle")
        plan = self.write("plan.json", '{"version": 9}')
        self.check(2, "score", "--plan", plan, says="version 9")

    def test_several_reports_need_a_folder(self):
        self.check(2, *SCORE, "--candidate", "ctk=q4_0,ctv=q4_0", "--json-out",
                   self.path("one.json"), says="folder")

    def test_output_folder_is_checked_first(self):
        self.write("file", "")
        self.check(2, *SCORE, "--json-out", self.path("file", "report.json"), says="folder")


class Input(CliTest):
    def score(self, status, says, *more, model=MODEL):
        self.check(status, "score", "--model", model, *CANDIDATE, *more, says=says)

    def test_model_missing(self):
        self.score(2, "none.gguf", "--corpus", CORPUS, model=self.path("none.gguf"))

    def test_model_truncated(self):
        with open(MODEL, "rb") as f:
            head = f.read(4000)
        path = self.write("cut.gguf", head)
        self.score(2, ["cut.gguf", "truncated"], "--corpus", CORPUS, model=path)

    def test_model_foreign(self):
        path = self.write("page.gguf", "<!DOCTYPE html><html><body>Not found</body></html>")
        self.score(2, ["page.gguf", "web page"], "--corpus", CORPUS, model=path)

    def test_kv_type_unknown(self):
        self.check(2, *SCORE[:4], "ctk=q9_0,ctv=f16", *SCORE[5:], says=["q9_0", "q8_0"])
        self.check(2, *SCORE[:4], "ctk", *SCORE[5:], says="ctk")

    def test_head_size(self):
        model = self.write("heads.gguf", gguf(
            general__architecture="llama", llama__block_count=2, llama__context_length=2048,
            llama__embedding_length=160, llama__attention__head_count=2,
            llama__attention__head_count_kv=2, llama__attention__key_length=80,
            llama__attention__value_length=80, llama__vocab_size=1024))
        self.score(2, ["80", "32"], "--corpus", CORPUS, model=model)

    def test_flash_attention_off(self):
        self.check(2, *SCORE, "--engine-flags", "-fa off", says="flash")

    def test_corpus(self):
        self.score(2, "none.txt", "--corpus", self.path("none.txt"))
        self.score(2, "empty.txt", "--corpus", self.write("empty.txt", ""))
        self.score(2, "latin.txt", "--corpus", self.write("latin.txt", b"caf\xe9 " * 1000))
        self.score(2, ["short.txt", "tokens"], "--axes", "kld", "--corpus",
                   self.write("short.txt", "A few words only. " * 20))

    def test_haystack(self):
        short = self.write("short.txt", "A few words only. " * 60)
        self.score(2, ["haystack", "tokens only"], "--axes", "rniah", "--rniah-lengths", "1024",
                   "--haystack", short)

    def test_nothing_to_find_is_said_before_anything_starts(self):
        def rniah(says, *more):
            out, err = self.check(2, *SCORE, "--axes", "kld,rniah", *more, says=says)
            self.assertNotIn("f16", out + err)  # no stage of any configuration was begun

        short = self.write("short.txt", "A few words only. " * 20)
        rniah("360 bytes", "--rniah-lengths", "1024", "--haystack", short)
        rniah("model's context", "--rniah-lengths", "8192,16384", "--haystack", HAYSTACK)
        rniah("keyword", "--rniah-needle", "no such word", "--haystack", HAYSTACK)

    def test_prompts(self):
        def prompts(says, text):
            self.score(2, says, "--axes", "trajectory", "--prompts", self.write("p.jsonl", text))

        prompts("p.jsonl", "")
        prompts("line 1", "{broken\n")
        prompts("line 2", '{"id": "a", "category": "x", "prompt": "Hello"}\n{"id": "b"}\n')
        prompts(["line 2", "repeats an id"], '{"id": "a", "prompt": "Hello"}\n{"id": "a", "prompt": "World"}\n')


if __name__ == "__main__":
    main()
