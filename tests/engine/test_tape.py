# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder and the player that stand in for real servers."""

import http.client
import json
import os
import random
import struct
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stand_in
import tape as tapes


class Real(tapes.Server):
    """Numbers in single precision, as engines print them; counts how often it is asked."""

    count = 0

    def answer(self, handler, method, path, body):
        self.count += 1
        if path == "/text":
            handler.send(200, b"plain {", "text/plain")
        elif path == "/crash":
            handler.reset()
        else:
            number = struct.unpack("f", struct.pack("f", -6.6274004))[0]
            values = [number, 0.1, 1.5, 2, number / 3]
            handler.send(200, json.dumps({"id": self.count, "model": "/a/model", "asked": json.loads(body or "0"),
                                          "turn": min(self.count, 3), "values": values}).encode())


def ask(server, path, body=None, key=None):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = "Bearer " + key
    request = urllib.request.Request(server.url + path, json.dumps(body).encode() if body is not None else None, headers)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return reply.read().decode()


class Tapes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def tape(self):
        """Of three equal questions, one other, a text and a crash."""
        with Real() as real, tapes.Recorder(real.url[len("http://"):], self.path("notes"), "/a/model") as recorder:
            self.said = [ask(recorder, "/v1", {"a": 1, "b": [2.5]}, "secret") for _ in range(4)]
            self.said.append(ask(recorder, "/v1", {"model": "/a/model"}))
            self.assertEqual(ask(recorder, "/text"), "plain {")
            with self.assertRaises((ConnectionError, http.client.HTTPException)):
                ask(recorder, "/crash")
        with open(self.path("notes")) as file:
            self.assertNotIn("secret", file.read())
        tapes.tape_from_notes(self.path("notes"), {"engine": "real"}).save(self.path("tape.xz"))
        return tapes.Tape.load(self.path("tape.xz"))

    def test_plays_what_was_recorded(self):
        with tapes.Player(self.tape(), model="/another/place") as player:
            self.assertIn('"model":"/another/place"', ask(player, "/v1", {"model": "/another/place"}))
            for said in self.said[:3] + self.said[2:3]:
                replayed = ask(player, "/v1", {"b": [2.5], "a": 1})
                self.assertEqual(tapes.without_volatile(json.loads(replayed)),
                                 dict(tapes.without_volatile(json.loads(said)), model="/another/place"))
            self.assertEqual(len(player.not_asked()), 2)
            self.assertEqual(ask(player, "/text"), "plain {")
            with self.assertRaises((ConnectionError, http.client.HTTPException)):
                ask(player, "/crash")
            self.assertEqual((player.not_asked(), player.unknown), ([], []))

    def test_refuses_the_rest(self):
        with tapes.Player(self.tape(), key="secret") as player:
            for path, body, key, status in (("/v1", {"a": 2}, "secret", 500), ("/v2", None, "secret", 500),
                                            ("/text", None, None, 401), ("/text", None, "other", 401)):
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    ask(player, path, body, key)
                self.assertEqual(caught.exception.code, status)
            self.assertEqual(player.unknown, ['POST /v1 {"a": 2}', "GET /v2 "])

    def test_faults(self):
        tape = self.tape()
        for fault, first in (("status", 500), ("loading", 503), ("refused_key", 401)):
            with tapes.Faulty(tape, fault, first=1, count=1) as player:
                ask(player, "/text")
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    ask(player, "/text")
                self.assertEqual(caught.exception.code, first)
                ask(player, "/text")
        with tapes.Faulty(tape, "half", path="/v1") as player:
            ask(player, "/text")
            with self.assertRaises(http.client.IncompleteRead):
                ask(player, "/v1", {"a": 1, "b": [2.5]})
        with tapes.Faulty(tape, "garbage") as player, self.assertRaises(UnicodeDecodeError):
            ask(player, "/text")
        with tapes.Faulty(tape, "crash") as player, self.assertRaises((ConnectionError, http.client.HTTPException)):
            ask(player, "/text")
        with tapes.Faulty(tape, lambda path, body: body.upper()) as player:
            self.assertEqual(ask(player, "/text"), "PLAIN {")

    def test_numbers(self):
        """Single precision loses nothing by being written short; neither does anything else."""
        source = random.Random(1)
        for _ in range(20000):
            number = struct.unpack("f", struct.pack("I", source.getrandbits(32)))[0]
            for value in (number, source.random() * 10 ** source.randint(-5, 5)):
                if abs(value) < 3e38:
                    short = tapes.narrow(repr(value)).text
                    self.assertEqual(float(tapes.widen(short)), value)
                    self.assertRegex(short, "[.e]")

    def test_nothing_of_the_machine_in_a_log(self):
        line = stand_in.scrub("args: /home/me/model key s3cret at tcp://10.1.2.3:99 and 127.0.0.1, /usr/lib/x.py", "/home/me/model",
                              "s3cret")
        self.assertEqual(line, "args: @MODEL@ key @KEY@ at tcp://192.0.2.1:99 and 127.0.0.1, @PATH@")


if __name__ == "__main__":
    unittest.main()
