"""What is small to send and large to read: 4xx or a dead letter, never 5xx, and the server's memory stays as it was.

The growth of its resident memory under each is printed, as is that of all of them together.
"""
import gzip
import io
import time
import unittest

import pyarrow

from weir_server import CONFIG, Server

MIB = 1 << 20
GROWTH_MAX = 64 * MIB
# A record is held whole up to 16 MiB, and while it is looked for twice: which takes a route that allows such bodies.
GROWTH_MAX_OF_LARGE = 96 * MIB
# What the allocator and the engine keep when all are over.
REMAINS_MAX = 128 * MIB
BIG = """
  big:
    source: { http: { route: /big, accept: [json, ndjson, csv], max_body: 300MiB } }
    contract:
      columns:
        id: bigint not null
        item: varchar
    flush: { every: 100ms }
    sink: { table: raw.big }
  loose:
    source: { http: { route: /loose, accept: [json, ndjson, csv], max_body: 64MiB } }
    flush: { every: 100ms }
    sink: { table: raw.loose }
"""


def gzip_of(size, piece=b"\0" * MIB):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as stream:
        for _ in range(size // len(piece)):
            stream.write(piece)
    return packed.getvalue()


def zstd_of(size, piece=b" " * MIB):
    packed = io.BytesIO()
    with pyarrow.CompressedOutputStream(pyarrow.PythonFile(packed, "wb"), "zstd") as stream:
        for _ in range(size // len(piece)):
            stream.write(piece)
        stream.flush()
        return packed.getvalue()


def deep(depth, opening, closing):
    return opening * depth + b"1" + closing * depth


def fields(count):
    return b"{" + b",".join(b'"field_%07d":1' % i for i in range(count)) + b"}"


def parts(count):
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%d.ndjson"\r\n\r\n{"id": %d}\r\n'
    return b"".join(part % (i, i) for i in range(count)) + b"--b--\r\n"


def in_form(name, body):
    return (b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % name) + body + b"\r\n--b--\r\n"


LONG = 100 * MIB
FORM, JSON, NDJSON, CSV = "multipart/form-data; boundary=b", "application/json", "application/x-ndjson", "text/csv"
# Name, path, type, encoding, how the body is made.
BOMBS = [
    ("gzip, 1 MB -> 1 GB", "/orders", NDJSON, "gzip", lambda: gzip_of(1 << 30)),
    ("gzip, 1 MB -> 1 GB, a large limit", "/big", JSON, "gzip", lambda: gzip_of(1 << 30, b" " * MIB)),
    ("zstd, 1 MB -> 1 GB", "/orders", NDJSON, "zstd", lambda: zstd_of(1 << 30)),
    ("zstd, 1 MB -> 1 GB, a large limit", "/big", CSV, "zstd", lambda: zstd_of(1 << 30)),
    ("gzip of a form", "/big", FORM, "gzip", lambda: gzip.compress(in_form(b"a.ndjson", bytes(LONG)))),
    ("gzip in a form", "/big", FORM, None, lambda: in_form(b"a.ndjson.gz", gzip_of(1 << 30))),
    ("gzip in gzip", "/big", NDJSON, "gzip", lambda: gzip.compress(gzip_of(1 << 30))),
    ("arrays 10,000 deep", "/orders", JSON, None, lambda: deep(10_000, b"[", b"]")),
    ("objects 10,000 deep", "/orders", JSON, None, lambda: deep(10_000, b'{"a":', b"}")),
    ("a line 10,000 deep", "/orders", NDJSON, None, lambda: b'{"id":1,"x":%s}\n' % deep(10_000, b"[", b"]")),
    ("arrays 5,000,000 deep", "/orders", JSON, None, lambda: b"[" * 5_000_000),
    ("a line 5,000,000 deep", "/orders", NDJSON, None, lambda: b"[" * 5_000_000),
    ("a line of 100 MB", "/orders", NDJSON, None, lambda: b'{"id":1,"item":"%s"}\n' % (b"x" * LONG)),
    ("a line of 100 MB, a large limit", "/big", NDJSON, None, lambda: b'{"id":1,"item":"%s"}\n' % (b"x" * LONG)),
    ("a line of 100 MB without an end", "/big", NDJSON, None, lambda: b"x" * LONG),
    ("an object of 100 MB", "/big", JSON, None, lambda: b'{"id":1,"item":"%s"}\n' % (b"x" * LONG)),
    ("a CSV line of 100 MB", "/big", CSV, None, lambda: b"id,item\n1," + b"x" * LONG + b"\n"),
    ("a CSV quote of 100 MB", "/big", CSV, None, lambda: b'id,item\n1,"' + b"x" * LONG),
    ("a CSV header of 100 MB", "/big", CSV, None, lambda: b"id," + b"x" * LONG),
    ("an object of 1e6 fields", "/orders", JSON, None, lambda: fields(500_000)),
    ("an object of 1e6 fields, a large limit", "/big", JSON, None, lambda: fields(1_000_000)),
    ("a line of 1e6 fields", "/big", NDJSON, None, lambda: fields(1_000_000) + b"\n"),
    ("1e6 fields without a contract", "/loose", NDJSON, None, lambda: fields(1_000_000) + b"\n"),
    ("a CSV header of 1e6 fields", "/big", CSV, None, lambda: b"id" + b",x" * 1_000_000 + b"\n1\n"),
    ("a CSV line of 1e6 fields", "/big", CSV, None, lambda: b"id\n1" + b",x" * 1_000_000 + b"\n"),
    ("a CSV header of 1e6 fields without a contract", "/loose", CSV, None,
     lambda: b",".join(b"x%d" % i for i in range(1_000_000)) + b"\n1\n"),
    ("a form of 1e5 parts", "/orders", FORM, None, lambda: parts(100_000)),
    ("a form of 900 parts", "/orders", FORM, None, lambda: parts(900)),
    ("a number of 1e6 digits", "/orders", JSON, None, lambda: b'{"id":%s}' % (b"9" * 1_000_000)),
    ("an array of 1e6 arrays", "/orders", JSON, None, lambda: b"[" + b"[]," * 1_000_000 + b"[]]"),
    ("1e5 lines of nothing", "/orders", NDJSON, None, lambda: b"{}\n" * 100_000),
]


class Bombs(unittest.TestCase):
    def test_they_are_refused_or_become_dead_letters(self):
        with Server(config=CONFIG.format(server="{}") + BIG) as server:
            for path in ("/orders", "/big", "/loose"):  # What the first commit of each needs is not the bombs'.
                self.assertEqual(server.post(b'{"id": 1}\n{"id": "x"}\n', path=path + "?ack=committed")[0] // 100, 2)
            first = server.rss_bytes()
            print(f"\nresident before: {first / MIB:.0f} MiB; growth at its peak:")
            grown = {}
            for name, path, content_type, encoding, make in BOMBS:
                with self.subTest(name):
                    grown[name] = self.drop(server, name, path, content_type, encoding, make())
            end = server.rss_bytes() - first
            print(f"  {end / MIB:6.0f} MiB  remain at the end")
            self.assertEqual(server.ask("GET", "/health")[1]["status"], "ok")
            for name, growth in grown.items():
                with self.subTest(name):
                    large = next(path for bomb, path, *_ in BOMBS if bomb == name) != "/orders"
                    self.assertLess(growth, GROWTH_MAX_OF_LARGE if large else GROWTH_MAX)
            self.assertLess(end, REMAINS_MAX)

    def drop(self, server, name, path, content_type, encoding, body):
        with open(f"/proc/{server.process.pid}/clear_refs", "w", encoding="utf-8") as peak:
            peak.write("5")  # The peak begins anew.
        before = server.rss_bytes()
        headers = {"Content_Encoding": encoding} if encoding else {}
        status, answer, _ = server.post(body, content_type, path + "?ack=committed", **headers)
        self.assertIn(status // 100, (2, 4), answer)
        self.wait_until_committed(server)
        growth = server.peak_rss_bytes() - before
        said = answer.get("code", "committed") if isinstance(answer, dict) else "?"
        print(f"  {growth / MIB:6.0f} MiB  {status} {said:24} {name}, {len(body) / MIB:.1f} MiB sent")
        return growth

    def wait_until_committed(self, server):
        deadline = time.monotonic() + 300
        while any(not line.endswith(" 0") for line in server.ask("GET", "/metrics")[1].decode().splitlines()
                  if line.startswith("weir_queue_bytes{")):
            self.assertEqual(server.ask("GET", "/health")[1]["status"], "ok")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
