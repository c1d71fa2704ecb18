# SPDX-License-Identifier: GPL-3.0-or-later
"""refract fetch: what comes from the web is bounded, checked and never trusted."""

import http.server
import io
import os
import pathlib
import threading
import unittest
import zipfile

import refract_cli


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with server.body; breaks off after server.cut bytes; understands ranges, unless it is not to."""

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.server.has_no_ranges:
            wanted = None
        body = self.server.body
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(self.server.status or (206 if wanted else 200))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        try:
            self.wfile.write(body[start:self.server.cut])
        except ConnectionError:
            pass  # it had enough

    def log_message(self, *arguments):
        pass


def archive(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(name, text)
    return buffer.getvalue()


class Fetch(refract_cli.CliTest):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.status, self.server.cut, self.server.ranges, self.server.has_no_ranges = None, None, [], False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}/x"
        self.cache = pathlib.Path(self.dir) / "cache"
        self.env["XDG_CACHE_HOME"] = str(self.cache)

    def fetch(self, status, says, *more):
        return self.check(status, "fetch", "--url", self.url, *more, says=says)

    def files(self):
        return sorted(path.name for path in self.cache.rglob("*") if path.is_file())

    def test_another_text_is_refused(self):
        self.server.body = archive({"wikitext-2-raw/wiki.test.raw": "x", "wikitext-2-raw/wiki.train.raw": "y"})
        self.fetch(2, ["another text", "--url"])
        self.assertEqual(self.files(), [])

    def test_no_archive(self):
        self.server.body = b"<html>please sign in</html>"
        self.fetch(2, "archive")
        self.assertEqual(self.files(), [])

    def test_nothing_is_written_elsewhere(self):
        self.server.body = archive({"../../../evil": "x", "/tmp/refract-evil": "x", "../wiki.test.raw": "x"})
        self.fetch(2, "another text")
        self.assertEqual(self.files(), [])
        self.assertFalse(os.path.exists("/tmp/refract-evil"))

    def test_too_large(self):
        self.server.body = bytes(33 * 1024 * 1024)
        self.fetch(2, ["larger", "32 MiB"])
        self.assertEqual(self.files(), [])

    def test_unpacks_to_too_much(self):
        self.server.body = archive({"wiki.test.raw": bytes(9 * 1024 * 1024)})
        self.fetch(2, "too large")
        self.assertEqual(self.files(), [])

    def test_goes_on_where_it_stopped(self):
        self.server.body = archive({"wiki.test.raw": os.urandom(200000)})
        self.server.cut = 120000
        self.fetch(3, self.url)
        self.assertEqual(self.files(), ["wikitext-2-raw-v1.zip.part"])
        there = next(self.cache.rglob("*.part")).stat().st_size
        self.assertGreater(there, 0)
        self.server.cut = None
        self.fetch(2, "another text")  # and not "no archive": the two halves fit
        self.assertEqual(self.server.ranges, [None, f"bytes={there}-"])

    def test_begins_anew(self):
        """Where the server cannot go on in the middle."""
        self.server.body = archive({"wiki.test.raw": os.urandom(200000)})
        self.server.cut = 120000
        self.fetch(3, self.url)
        self.server.cut, self.server.has_no_ranges = None, True
        self.fetch(2, "another text")  # and not "no archive": it is the whole of it

    def test_links_are_not_unpacked(self):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            for name in ("wiki.test.raw", "wiki.train.raw"):
                link = zipfile.ZipInfo(name)
                link.create_system, link.external_attr = 3, 0o120777 << 16
                file.writestr(link, "/etc/passwd")
        self.server.body = buffer.getvalue()
        self.fetch(2, "no archive with")
        self.assertEqual(self.files(), [])

    def test_server_says_no(self):
        self.server.body, self.server.status = b"gone", 404
        self.fetch(2, ["404", "--url"])

    def test_no_server(self):
        self.server.shutdown()
        self.server.server_close()
        self.fetch(3, self.url)

    def test_other_prompts_are_refused(self):
        os.makedirs(self.cache / "refract" / "data")
        (self.cache / "refract" / "data" / "wiki.test.raw").write_text("there already")
        self.server.body = b'{"id": "a", "category": "b", "prompt": "c"}\n'
        self.check(2, "fetch", "--prompts", "--prompts-url", self.url, says="30 prompts")

    def test_bad_address(self):
        for url in ("not an address", "file:///etc/passwd", "ftp://x/y"):
            self.check(2, "fetch", "--url", url, says=["address", "https://"])


if __name__ == "__main__":
    refract_cli.main()
