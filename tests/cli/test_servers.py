# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits on vLLM and SGLang as they were recorded (tests/data/engines): by the user's two servers, and by servers of
ours whose programs play the recording. And servers that fail in every way."""

import glob
import json
import math
import os
import re
import signal
import ssl
import subprocess
import sys

from refract_cli import CORPUS, HAYSTACK, SOURCE, CliTest, main, processes, read_reports, wait_until, without_times

sys.path.insert(0, os.path.join(SOURCE, "tests", "engine"))
import live
import stand_in
import tape as tapes

# How often each kill is tried; by hand: REFRACT_TEST_KILLS=20.
KILLS = int(os.environ.get("REFRACT_TEST_KILLS", "2"))
KEY = "a-key-of-the-users"
OTHER = {"vllm": "sglang", "sglang": "vllm"}
ROUNDING = 1e-6  # of a sum of probabilities in single precision
with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
    FLAGS = {flag for line in cpuinfo if line.startswith("flags") for flag in line.split()}


def load(engine, kv):
    return tapes.Tape.load(os.path.join(live.TAPES, f"{engine}-{kv.removeprefix('kv=')}.xz"))


class Restarted(tapes.Player):
    """From its first answer on, another is at the address of this one, until `path` has said so."""

    def __init__(self, tape, answers, path, change, **options):
        super().__init__(tape, **options)
        self.answers, self.path, self.change = answers, path, change
        self.state = "first"

    def play(self, handler, path, reply):
        if self.state == "first" and path == self.answers:
            self.state = "another"
        if self.state == "another" and path == self.path:
            self.state = "back"
            self.send(handler, reply, self.change(tapes.Tape.body(reply)))
        else:
            super().play(handler, path, reply)


class RefusedScores(tapes.Player):
    """Refuses log-probabilities in `words`."""

    def __init__(self, tape, words, **options):
        super().__init__(tape, **options)
        self.words = words

    def play(self, handler, path, reply):
        if path == Vllm.score_path:
            handler.send(400, json.dumps({"error": {"message": self.words, "code": 400}}).encode())
        else:
            super().play(handler, path, reply)


class Another(tapes.Server):
    """Some server of the web."""

    def answer(self, handler, method, path, body):
        handler.send(404, b"Not Found", "text/plain")


class Recorded(CliTest):
    """What both engines have in common; `engine` is set below."""

    lacks = None  # what this processor would have to have for the candidate

    @classmethod
    def setUpClass(cls):
        cls.model_type, cls.reference, cls.candidate = live.ENGINES[cls.engine]
        cls.tapes = {kv: load(cls.engine, kv) for kv in (cls.reference, cls.candidate)}
        cls.version = cls.tapes[cls.reference].about["version"]

    def setUp(self):
        super().setUp()
        self.env["REFRACT_SERVER_KEY"] = KEY
        self.model = self.path("model")
        os.mkdir(self.model)
        for path in glob.glob(os.path.join(live.TAPES, "model", "*.json")):
            with open(path) as file:
                text = file.read().replace("@TYPE@", self.model_type)
            self.write(os.path.join("model", os.path.basename(path)), text)
        # Never looked into: the server has read the real one.
        header = b'{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}'
        self.write("model/model.safetensors", len(header).to_bytes(8, "little") + header + b"\0\0")

    def arguments(self, *more, candidates=None, axes="trajectory,kld,rniah,plad", backend=None):
        arguments = ["score", "--backend", backend or self.engine, "--model", self.model, "--reference", self.reference,
                     "--axes", axes, "--corpus", CORPUS, "--haystack", HAYSTACK, *live.SMALL]
        for kv in candidates or [self.candidate]:
            arguments += ["--candidate", kv]
        return arguments + list(more)

    def check_reports(self, found):
        itself, candidate = found[self.reference], found[self.candidate]
        self.assertEqual(itself["composite"], 100)
        self.assertEqual([axis["score"] for axis in itself["axes"].values()], [100] * 4)
        self.assertLess(candidate["composite"], 100)
        self.assertGreater(candidate["axes"]["kld"]["mean_kld"], 0)
        for report in (itself, candidate):
            self.assertFalse([name for name, axis in report["axes"].items() if axis.get("skipped")])
            self.assertNotIn(KEY, json.dumps(report))
            self.assertNotIn(self.dir, json.dumps(report))
        full, top = (self.expected_kld(n) for n in (64, 1024))
        self.assertAlmostEqual(candidate["axes"]["kld"]["mean_kld"], full[0], delta=1e-9)
        ladder = candidate["extension"]["axes"]["kld"]["ladder"]
        self.assertEqual([step["ctx"] for step in ladder], [1024])
        self.assertAlmostEqual(ladder[0]["mean_kld"], top[1], delta=1e-9)

    # ---- in plain Python, from the same replies ----

    def expected_kld(self, n_ctx):
        """Mean over the scored positions of the KL divergence of what the two said, and of its lower bound where only
        the most likely are known: those on both lists one by one, all the rest as one."""
        rows = {kv: self.rows(tape, n_ctx) for kv, tape in self.tapes.items()}
        reference, candidate = rows[self.reference], rows[self.candidate]
        self.assertEqual(list(reference), list(candidate))
        self.assertEqual(len(reference), 2)
        whole, bound = [], []
        for ids, both in ((ids, (reference[ids], candidate[ids])) for ids in reference):
            for position in range(n_ctx // 2 + 1, n_ctx):
                p, q = (chunk[position] for chunk in both)
                if len(p) == len(q) == 1536:
                    whole.append(self.divergence(self.normal(p), self.normal(q)))
                    for k in (1, 20, 64, 1024):
                        self.assertLessEqual(self.bound(self.top(p, k), self.top(q, k)), whole[-1] + 1e-9)
                bound.append(self.bound(p, q))
        return (math.fsum(whole) / len(whole) if whole else None), math.fsum(bound) / len(bound)

    @staticmethod
    def top(row, k):
        return dict(sorted(row.items(), key=lambda entry: -entry[1])[:k])

    def bound(self, p, q):
        """The shares of all others are as near to each other as rounding may have put them apart."""
        p, q = ({t: v for t, v in row.items() if t in p and t in q} for row in (p, q))
        a, b = (max(1 - math.fsum(map(math.exp, row.values())), 0) for row in (p, q))
        shared = min(math.fsum(map(math.exp, p.values())), 1) * self.divergence(self.normal(p), self.normal(q))
        if abs(a - b) <= 2 * ROUNDING:
            return max(shared, 0)
        step = math.copysign(ROUNDING, b - a)
        parts = ({"rest": rest, "known": 1 - rest} for rest in (a + step, b - step))
        return max(shared + self.divergence(*parts), 0)

    @staticmethod
    def normal(row):
        total = math.fsum(map(math.exp, row.values()))
        return {t: math.exp(v) / total for t, v in row.items()}

    @staticmethod
    def divergence(p, q):
        return math.fsum(v * math.log(v / q[t]) for t, v in p.items() if v > 0 and q[t] > 0)

    # ---- the user's servers ----

    def attached(self, status, reference, candidate, *more, says=(), **options):
        return self.check(status, *self.arguments("--reference-url", reference.url, "--candidate-url", candidate.url, *more,
                                                  **options), says=says)

    def players(self, kind=tapes.Player, **options):
        return [kind(self.tapes[kv], model=self.model, key=KEY, **options) for kv in (self.reference, self.candidate)]

    def test_attached(self):
        reference, candidate = self.players()
        with reference, candidate:
            for folder, other, kv in (("itself", reference, self.reference), ("candidate", candidate, self.candidate)):
                self.attached(0, reference, other, "--json-out", self.path(folder) + "/", candidates=[kv], backend="auto")
            self.assertEqual(reference.unknown + candidate.unknown, [])
        found = {**read_reports(self.path("itself")), **read_reports(self.path("candidate"))}
        self.check_reports(found)
        # nobody says what "auto" is where the model is of 32 bits
        saved = found[self.candidate]["extension"]["kv"]["saving"]
        if self.engine == "sglang":
            self.assertIsNone(saved)
        else:
            self.assertAlmostEqual(saved, 0.5, places=3)
        for report in found.values():
            # "auto" has asked them; whoever repeats it is told what it was
            self.assertIn(f" --backend {self.engine} ", report["repro_command"])
            # a recording is played in one piece, as a proxy may do
            self.assertIsNone(report["extension"]["performance"]["decode_tps"])

    def fails(self, fault, says, axes="trajectory", status=3, backend=None, **where):
        """One of the servers, the reference's, has a fault; refract says so and leaves both alone."""
        with tapes.Faulty(self.tapes[self.reference], fault, model=self.model, key=KEY, **where) as reference, \
                tapes.Player(self.tapes[self.candidate], model=self.model, key=KEY) as candidate:
            out, err = self.attached(status, reference, candidate, "--json-out", self.path("report.json"), says=says,
                                     axes=axes, backend=backend)
            self.assertFalse(os.path.exists(self.path("report.json")))
            self.assertNotIn(KEY, out + err)
            self.assertGreater(reference.met, 0, "the fault was never met")

    def test_wrong_key(self):
        self.fails("refused_key", "REFRACT_SERVER_KEY")

    def test_loading(self):
        """503 for a while is waited for."""
        reference, candidate = self.players(tapes.Faulty, fault="loading", path="/health", count=3)
        with reference, candidate:
            self.attached(0, reference, candidate, axes="kld")
            self.assertGreater(min(reference.met, candidate.met), 3)

    def test_errors(self):
        for path in (self.generate_path, self.score_path):
            self.fails("status", "EngineCore encountered an issue", path=path, axes=self.axis_of(path))

    def test_half_a_reply(self):
        for path in ("/v1/models", self.generate_path, self.score_path):
            self.fails("half", self.title, path=path, axes=self.axis_of(path))

    def test_garbage(self):
        for path in ("/v1/models", "/tokenize", self.generate_path, self.score_path):
            self.fails("garbage", [], path=path, axes=self.axis_of(path))

    def test_crash(self):
        for path in ("/tokenize", self.generate_path, self.score_path):
            self.fails("crash", self.title, path=path, axes=self.axis_of(path))

    def axis_of(self, path):
        return "kld" if path == self.score_path else "trajectory"

    def test_refused_connection(self):
        reference, candidate = self.players()
        reference.server_close()
        with candidate:
            self.attached(3, reference, candidate, says=self.title)

    def test_one_address(self):
        """Refused before anything is measured."""
        reference, candidate = self.players()
        with reference, candidate:
            for mine, other in (("--reference-url", "--candidate-url"), ("--candidate-url", "--reference-url")):
                out, err = self.check(2, *self.arguments(mine, reference.url), says=other)
                self.assertNotIn("[1/", out + err)

    def test_another_server(self):
        with Another() as other:
            self.attached(3, other, other, says=["not " + self.title, other.url])

    def test_silent_server_and_interrupt(self):
        """A reply that never comes; refract ends at once all the same."""
        with tapes.Faulty(self.tapes[self.reference], "endless", path=self.generate_path, model=self.model,
                          key=KEY) as reference, self.players()[1] as candidate:
            process = self.start(*self.arguments("--reference-url", reference.url, "--candidate-url", candidate.url,
                                                 axes="trajectory"))
            self.assertTrue(wait_until(lambda: reference.met > 0, 60))
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=10)
            self.assertEqual(process.returncode, 130)

    def test_other_vocabulary(self):
        def other_ids(path, body):
            reply = json.loads(body)
            reply["tokens"] = reply["tokens"][::-1]
            return json.dumps(reply)

        self.fails(other_ids, "different vocabularies", path="/tokenize", status=2)

    def test_ids_beyond_the_vocabulary(self):
        def beyond(path, body):
            reply = json.loads(body)
            reply["tokens"][-1] = 1536
            return json.dumps(reply)

        self.fails(beyond, "1536", path="/tokenize")

    def test_candidate_without_its_type(self):
        """Known before anything is measured on the reference."""
        reference, candidate = self.players()
        with reference, candidate:
            out, err = self.attached(3, reference, candidate, candidates=[self.candidate, "kv=fp8_e5m2"],
                                     axes="trajectory", says=["kv=fp8_e5m2", "runs with"])
            self.assertNotIn("trajectory", out + err)

    def test_other_model(self):
        self.fails(lambda path, body: body.replace(tapes.PLACE, "/somewhere/another"), "another", path=self.model_path, status=2)

    def test_context_too_small(self):
        def small(path, body):
            reply = json.loads(body)
            reply["data"][0]["max_model_len"] = 40
            return json.dumps(reply)

        self.fails(small, "more than the context of", path="/v1/models", status=2)
        self.fails(small, "Chunks of 64 tokens need a context of 65", path="/v1/models", axes="kld", status=2)

    # ---- which engine it is ----

    def owned_by(self, owner):
        def own(path, body):
            reply = json.loads(body)
            reply["data"][0]["owned_by"] = owner
            return json.dumps(reply)

        return own

    def test_other_engine(self):
        self.fails(self.owned_by(OTHER[self.engine]), f"not {self.title}", path="/v1/models", status=2)
        self.fails(self.owned_by(OTHER[self.engine]), "different engines", path="/v1/models", status=2, backend="auto")
        self.fails(self.owned_by("llamacpp"), "leave out --reference-url", path="/v1/models", status=2, backend="auto")
        with tapes.Player(tapes.Tape(), model=self.model) as unknown:
            unknown.tape.add("GET", "/v1/models", b"", {"status": 200, "type": "application/json", "body": "{}"})
            self.attached(2, unknown, unknown, says=[unknown.url, "--backend"], backend="auto")

    def test_gateway(self):
        """It has another name for those who own models."""
        reference, candidate = self.players(tapes.Faulty, fault=self.owned_by("a-gateway"), path="/v1/models")
        with reference, candidate:
            self.attached(0, reference, candidate, "--ctx", "64", axes="kld", backend="auto")

    # ---- certificates ----

    def test_certificate(self):
        reference, candidate = self.players()
        self.encrypt(reference)
        with reference, candidate:
            self.attached(3, reference, candidate, says=["certificate of " + reference.url, "signed by itself", "tunnel"])
            reference.url, candidate.url = candidate.url.replace("http", "https"), candidate.url
            self.attached(3, reference, candidate, says=[reference.url, "Write http://"])

    def encrypt(self, server):
        """Has `server` speak TLS, with a certificate that nobody knows."""
        certificate, key = self.path("certificate"), self.path("key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=refract", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-out", certificate, "-keyout", key], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = server.url.replace("http", "https")

    # ---- no log-probabilities ----

    def test_without_log_probabilities(self):
        """Where a gateway leaves them out, or gives fewer, there is no score at all."""
        for fault in (self.left_out, self.fewer):
            self.fails(fault, ["leaves out log-probabilities", "own address", "leave out the axis kld"],
                       path=self.score_path, axes="kld,trajectory")

    # ---- restarted ----

    def test_lost_and_back(self):
        """A server that is restarted ends the audit; the same command goes on with what was measured, to the same end."""
        report = self.path("report.json")
        reference = tapes.Player(self.tapes[self.reference], model=self.model, key=KEY)
        candidate = tapes.Faulty(self.tapes[self.candidate], "crash", path=self.score_path, first=1, count=1,
                                 model=self.model, key=KEY)
        with reference, candidate:
            arguments = ("--ctx", "64", "--json-out", report)
            self.attached(3, reference, candidate, *arguments, says=[self.title, candidate.url], axes="kld")
            self.assertFalse(os.path.exists(report))
            asked = {key: n for key, n in reference.turns.items() if self.score_path in key}
            self.attached(0, reference, candidate, *arguments, says="Going on", axes="kld")
            self.assertEqual({key: reference.turns[key] for key in asked}, asked, "measured again")
            with open(report) as file:
                resumed = json.load(file)
            self.attached(0, reference, candidate, "--fresh", *arguments, axes="kld")
            with open(report) as file:
                self.assertEqual(without_times(resumed), without_times(json.load(file)))

    def test_back_as_another(self):
        """Nothing of what another model has answered is taken."""
        for change, says in ((lambda body: body.replace(tapes.PLACE, "/somewhere/another"), "“another”"),
                             (lambda body: re.sub('"version":"[^"]*"', '"version":"9.8.7"', body), "9.8.7")):
            path = self.model_path if "another" in says else self.version_path
            with tapes.Player(self.tapes[self.reference], model=self.model, key=KEY) as reference, \
                    Restarted(self.tapes[self.candidate], self.score_path, path, change, model=self.model,
                              key=KEY) as candidate:
                arguments = ("--ctx", "64", "--json-out", self.path("report.json"))
                self.attached(3, reference, candidate, *arguments, says=[candidate.url, says, "as it was"], axes="kld")
                self.assertFalse(os.path.exists(self.path("report.json")))
                self.attached(0, reference, candidate, *arguments, says="Going on", axes="kld")
                os.remove(self.path("report.json"))

    def test_not_a_url(self):
        for url in ("127.0.0.1:8000", "ftp://127.0.0.1/", "http://"):
            self.check(2, *self.arguments("--reference-url", url, "--candidate-url", url))

    # ---- servers of ours ----

    def environment(self, name="environment", version=None, **settings):
        paths = {kv.removeprefix("kv="): os.path.join(live.TAPES, f"{self.engine}-{kv.removeprefix('kv=')}.xz")
                 for kv in self.tapes}
        settings.setdefault("tapes", paths)
        self.env["REFRACT_PYTHON"] = self.path(name)
        return stand_in.make_environment(self.env["REFRACT_PYTHON"], self.engine, version or self.version, **settings)

    def test_managed(self):
        environment = self.environment()
        if self.lacks:
            self.check(2, *self.arguments(), says=self.lacks)
            # A build for GPUs needs nothing of the processor, and is said to be what plays.
            environment = self.environment("gpu", self.version.partition("+")[0])
        self.check(0, *self.arguments("--json-out", self.path("reports") + "/",
                                      candidates=[self.reference, self.candidate]))
        self.assertEqual(stand_in.said_unknown(environment), "")
        self.check_reports(read_reports(self.path("reports")))
        self.assertEqual(processes(environment), [])

    def test_managed_start_fails(self):
        self.environment(start="exit")
        self.check(3, *self.arguments(), says="the cause of it all")

    def test_managed_crash(self):
        environment = self.environment(fault={"fault": "status", "path": self.generate_path})
        self.check(3, *self.arguments(axes="trajectory"), says=self.title)
        self.assertEqual(processes(self.path("environment")), [])

    def end_managed(self, **settings):
        environment = self.environment(**settings)
        for i, end_signal in enumerate([signal.SIGKILL, signal.SIGINT] * KILLS):
            process = self.start(*self.arguments("--fresh", axes="trajectory"))
            # Two workers and their parent
            self.assertTrue(wait_until(lambda: len(processes(environment)) >= 4, 60), "no server was started")
            process.send_signal(end_signal)
            process.communicate(timeout=20)
            self.assertEqual(process.returncode, 130 if end_signal == signal.SIGINT else -signal.SIGKILL)
            self.assertTrue(wait_until(lambda: not processes(environment), 5), f"try {i + 1}: a process is left")

    def test_managed_ends_while_it_loads(self):
        self.end_managed(start="hang")

    def test_managed_ends_while_it_decodes(self):
        self.end_managed(fault={"fault": "endless", "path": self.generate_path})


class Vllm(Recorded):
    engine, title = "vllm", "vLLM"
    generate_path, score_path, model_path = "/v1/completions", "/inference/v1/generate", "/v1/models"
    version_path = "/version"
    lacks = None if FLAGS & {"avx512f", "amx_tile"} else "AVX-512 or AMX"

    @staticmethod
    def left_out(path, body):
        return json.dumps(dict(json.loads(body), prompt_logprobs=None))

    @staticmethod
    def fewer(path, body):
        reply = json.loads(body)
        reply["prompt_logprobs"] = [row and dict(list(row.items())[:20]) for row in reply["prompt_logprobs"]]
        return json.dumps(reply)

    def test_refused_log_probabilities(self):
        """As a server answers that was started with --max-logprobs 0, or without --enable-scale-out."""
        for words, remedy in (("Requested prompt logprobs of 1536, which is greater than max allowed: 0", "--max-logprobs -1"),
                              ("Scale-out endpoints are disabled", "--enable-scale-out")):
            with RefusedScores(self.tapes[self.reference], words, model=self.model, key=KEY) as reference, \
                    tapes.Player(self.tapes[self.candidate], model=self.model, key=KEY) as candidate:
                self.attached(2, reference, candidate, says=[words, remedy], axes="kld,trajectory")

    def rows(self, tape, n_ctx):
        """By the ids of a chunk: per position what is known of log-probabilities, by token."""
        found = {}
        for key, request in tape.requests.items():
            if request["path"] == self.score_path and len((body := json.loads(request["body"]))["token_ids"]) == n_ctx:
                reply = json.loads(tapes.Tape.body(tape.replies[key][0]))
                found[tuple(body["token_ids"])] = [row and {int(t): v["logprob"] for t, v in row.items()}
                                                   for row in reply["prompt_logprobs"]]
        return found

    def test_pretended_types(self):
        """A build for processors takes them and computes something else."""
        self.environment()
        for kv in ("int8_per_token_head", "turboquant_k8v4", "nvfp4"):
            self.check(2, *self.arguments(candidates=["kv=" + kv]), says=kv)


class Sglang(Recorded):
    engine, title = "sglang", "SGLang"
    generate_path = score_path = "/generate"
    model_path, version_path = "/model_info", "/server_info"

    @staticmethod
    def left_out(path, body):
        reply = json.loads(body)
        for name in ("input_token_logprobs", "input_top_logprobs"):
            reply["meta_info"].pop(name, None)
        return json.dumps(reply)

    @staticmethod
    def fewer(path, body):
        reply = json.loads(body)
        reply["meta_info"]["input_top_logprobs"] = [row and row[:20] for row in reply["meta_info"]["input_top_logprobs"]]
        return json.dumps(reply)

    def rows(self, tape, n_ctx):
        found = {}
        for key, request in tape.requests.items():
            if request["path"] != self.score_path or "return_logprob" not in request["body"]:
                continue
            ids = json.loads(request["body"])["input_ids"]
            if len(ids) == n_ctx:
                info = json.loads(tapes.Tape.body(tape.replies[key][0]))["meta_info"]
                rows = [None if top is None else {t: v for v, t, *_ in top} for top in info["input_top_logprobs"]]
                for row, (value, token, *_) in zip(rows, info["input_token_logprobs"]):
                    if row is not None:
                        row.setdefault(token, value)
                found[tuple(ids)] = rows
        return found

    def test_processor_is_the_servers(self):
        """fp8 asks for AMX where the server computes, which need not be here."""
        reference, candidate = self.players()
        with reference, candidate:
            self.attached(3, reference, candidate, candidates=["kv=fp8_e4m3"], axes="kld", says="runs with bfloat16")


del Recorded

if __name__ == "__main__":
    main()
