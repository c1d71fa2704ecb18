# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings ("tapes") of real engine servers: a proxy that makes them, a server that plays them back.

A tape is JSON lines in an .xz file. The first line says what was recorded; every other is one request with the
distinct replies that it got, in their order. The player gives these, whatever order it is asked in, and the last one
again and again; what is not on the tape gets status 500 and is remembered in Player.unknown.
"""

import gzip
import http.client
import http.server
import json
import lzma
import os
import re
import socket
import struct
import threading

# What differs between two replies to one request, and says nothing.
VOLATILE = {"id", "request_id", "created", "e2e_latency", "weight_versions", "permission", "response_sent_to_client_ts"}
PLACE = "@MODEL@"


def request_key(method, path, body):
    """Requests are the same if they say the same, however it is spelled."""
    try:
        body = json.dumps(json.loads(body), sort_keys=True)
    except ValueError:
        body = body.decode("utf-8", "replace")
    return f"{method} {path} {body}"


def without_volatile(value):
    if isinstance(value, dict):
        return {k: without_volatile(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [without_volatile(v) for v in value]
    return value


def single(text):
    """A number as what it is in single precision."""
    return struct.unpack("f", struct.pack("f", float(text)))[0]


class Number(float):
    """A number that is written as it was read."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self):
        return self.text


def significant(text):
    return len(re.sub(r"[eE].*|[-.]", "", text).lstrip("0"))


def narrow(text):
    """Engines print single precision in 17 digits; 9 say as much. What is no such number keeps more than 9 digits, be
    they zeros, which is how widen() tells."""
    value = float(text)
    if abs(value) < 3e38 and single(text) == value:
        short = next(short for short in (f"{value:.{n}g}" for n in range(1, 10)) if single(short) == value)
        return Number(short if re.search("[.e]", short) else short + ".0")
    return Number(text if significant(text) > 9 else f"{value:.17g}" if significant(f"{value:.17g}") > 9 else f"{value:.16e}")


def widen(text):
    return Number(repr(single(text)) if significant(text) <= 9 else text)


def rewrite(value):
    """JSON, with Numbers as they are."""
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + rewrite(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(rewrite, value)) + "]"
    return value.text if isinstance(value, Number) else json.dumps(value)


class Tape:
    """about: what was recorded; replies: by request, a list of {"status", "type", "body"}, or {"reset": true}."""

    def __init__(self, about=None):
        self.about = about or {}
        self.requests = {}
        self.replies = {}

    def add(self, method, path, body, reply):
        key = request_key(method, path, body)
        self.requests.setdefault(key, {"method": method, "path": path, "body": body.decode("utf-8", "replace")})
        replies = self.replies.setdefault(key, [])
        if not replies or self.said(replies[-1]) != self.said(reply):
            replies.append(reply)

    @staticmethod
    def said(reply):
        try:
            return reply.get("status"), without_volatile(json.loads(reply["body"]))
        except (KeyError, ValueError):
            return reply

    def save(self, path):
        with lzma.open(path + ".new", "wt", encoding="utf-8", preset=6) as file:
            file.write(json.dumps(self.about) + "\n")
            for key, request in self.requests.items():
                replies = []
                for reply in self.replies[key]:
                    reply = {name: value for name, value in reply.items() if name != "whole"}
                    if "json" in reply.get("type", ""):
                        reply = dict(reply, body=rewrite(json.loads(reply["body"], parse_float=narrow)))
                    replies.append(reply)
                file.write(json.dumps({"request": request, "replies": replies}) + "\n")
        os.replace(path + ".new", path)

    @staticmethod
    def body(reply):
        """As it was, but for white space. Large ones take a second: kept, for the next time."""
        if "json" not in reply["type"]:
            return reply["body"]
        if "whole" not in reply:
            reply["whole"] = rewrite(json.loads(reply["body"], parse_float=widen))
        return reply["whole"]

    @classmethod
    def load(cls, path):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            tape = cls(json.loads(file.readline()))
            for line in file:
                line = json.loads(line)
                request = line["request"]
                key = request_key(request["method"], request["path"], request["body"].encode())
                tape.requests[key] = request
                tape.replies[key] = line["replies"]
        return tape


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def read_body(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def send(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self):
        """The connection breaks off, as when the server's process dies."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile = open(os.devnull, "wb")
        self.connection.close()

    def do_GET(self):
        try:
            self.server.answer(self, self.command, self.path, self.read_body())
        except (BrokenPipeError, ConnectionError):
            self.close_connection = True

    do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lock = threading.Lock()

    def start(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        self.shutdown()
        self.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()

    def handle_error(self, request, address):
        pass


class Recorder(Server):
    """Passes everything on to the server at `upstream`, and notes it, a line each, in the file `notes`."""

    def __init__(self, upstream, notes, model, port=0):
        super().__init__(port)
        self.upstream, self.notes, self.model = upstream, notes, model

    def answer(self, handler, method, path, body):
        headers = {name: handler.headers[name] for name in ("Authorization", "Content-Type") if handler.headers[name]}
        connection = http.client.HTTPConnection(self.upstream)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            reply = {"status": answer.status, "type": answer.headers.get("Content-Type", ""),
                     "body": content.decode("utf-8", "replace").replace(self.model, PLACE)}
        except (OSError, http.client.HTTPException):
            reply = {"reset": True}
        finally:
            connection.close()
        with self.lock, open(self.notes, "a", encoding="utf-8") as file:
            file.write(json.dumps({"method": method, "path": path, "reply": reply,
                                   "body": body.decode("utf-8", "replace").replace(self.model, PLACE)}) + "\n")
        if "reset" in reply:
            handler.reset()
        else:
            handler.send(reply["status"], content, reply["type"])


def tape_from_notes(notes, about):
    tape = Tape(about)
    with open(notes, encoding="utf-8") as file:
        for line in file:
            line = json.loads(line)
            tape.add(line["method"], line["path"], line["body"].encode(), line["reply"])
    return tape


class Player(Server):
    """Plays a tape. `model` is the directory that the caller knows the model by; with a `key`, it is asked for."""

    def __init__(self, tape, model=PLACE, key=None, port=0):
        super().__init__(port)
        self.tape, self.model, self.key = tape, model, key
        self.turns = {}
        self.unknown = []
        self.closing = threading.Event()

    def answer(self, handler, method, path, body):
        if self.key is not None and handler.headers.get("Authorization") != f"Bearer {self.key}":
            handler.send(401, b'{"error":"Unauthorized"}')
            return
        body = body.replace(self.model.encode(), PLACE.encode())
        key = request_key(method, path, body)
        with self.lock:
            replies = self.tape.replies.get(key)
            turn = self.turns.get(key, 0)
            self.turns[key] = turn + 1
            if not replies:
                self.unknown.append(key)
        if not replies:
            handler.send(500, json.dumps({"error": {"message": "not on the tape: " + key[:2000]}}).encode())
        else:
            self.play(handler, path, replies[min(turn, len(replies) - 1)])

    def play(self, handler, path, reply):
        """A test that wants a fault overrides this."""
        if "reset" in reply:
            handler.reset()
        else:
            self.send(handler, reply, Tape.body(reply))

    def send(self, handler, reply, body):
        handler.send(reply["status"], body.replace(PLACE, self.model).encode(), reply["type"])

    def not_asked(self):
        return [key for key in self.tape.replies if key not in self.turns]

    def stop(self):
        self.closing.set()
        super().stop()


class Faulty(Player):
    """Does `fault` to replies to paths that begin with `path`: all, or those from number `first` on, `count` of them."""

    def __init__(self, tape, fault, path="/", first=0, count=None, **options):
        super().__init__(tape, **options)
        self.fault, self.path, self.first, self.count = fault, path, first, count
        self.met = 0

    def play(self, handler, path, reply):
        hit = False
        if path.startswith(self.path):
            with self.lock:
                hit = self.met >= self.first and (self.count is None or self.met < self.first + self.count)
                self.met += 1
        if not hit or "reset" in reply:
            super().play(handler, path, reply)
        elif callable(self.fault):
            self.send(handler, reply, self.fault(path, Tape.body(reply)))
        else:
            getattr(self, self.fault)(handler, Tape.body(reply).encode())

    def status(self, handler, body):
        handler.send(500, b'{"error":{"message":"EngineCore encountered an issue","code":500}}')

    def loading(self, handler, body):
        handler.send(503, b"", "text/plain")

    def refused_key(self, handler, body):
        handler.send(401, b'{"error":"Unauthorized"}')

    def garbage(self, handler, body):
        handler.send(200, bytes(range(256)) * 4)

    def half(self, handler, body):
        """The length is that of the whole."""
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:len(body) // 2])
        handler.close_connection = True

    def endless(self, handler, body):
        """A reply that never comes."""
        self.closing.wait()
        handler.close_connection = True

    def crash(self, handler, body):
        handler.reset()
