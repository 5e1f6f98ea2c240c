"""Requests whose end two readers could see in two places, or that never end: refused or dropped, and nothing stored."""
import re
import socket
import struct
import unittest

from weir_server import Server

ROW = b'{"id": 1}'
START = b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SMUGGLED = START + b"Content-Length: 9\r\n\r\n" + ROW
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"


def post(headers, body=ROW):
    return START + headers + b"\r\n\r\n" + body


def form(body, content_type=b"multipart/form-data; boundary=b"):
    return (b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: " + content_type + b"\r\nContent-Length: "
            + str(len(body)).encode() + b"\r\n\r\n" + body)


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.ndjson"\r\n\r\n' + ROW

# Name -> what is sent, the client's end of the line after it. One answer of 4xx or 5xx, or none at all.
REFUSED = {
    "length and chunks": post(b"Content-Length: 9\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED),
    "chunks and length": post(b"Transfer-Encoding: chunked\r\nContent-Length: 4", b"0\r\n\r\n" + SMUGGLED),
    "two lengths": post(b"Content-Length: 9\r\nContent-Length: 0", ROW + SMUGGLED),
    "two lengths in one": post(b"Content-Length: 9, 0", ROW + SMUGGLED),
    "a length twice": post(b"Content-Length: 9\r\nContent-Length: 9"),
    "a length with a sign": post(b"Content-Length: +9"),
    "a length below nothing": post(b"Content-Length: -9"),
    "a hexadecimal length": post(b"Content-Length: 0x9"),
    "no length": post(b"Content-Length:"),
    "a length beyond 64 bits": post(b"Content-Length: 18446744073709551625"),
    "a length with a blank in it": post(b"Content-Length: 9 9"),
    "a blank before the colon": post(b"Content-Length : 9"),
    "chunked twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED),
    "chunked and something": post(b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n" + SMUGGLED),
    "something like chunked": post(b"Transfer-Encoding: xchunked", b"0\r\n\r\n" + SMUGGLED),
    "chunked behind a vertical tab": post(b"Transfer-Encoding:\x0bchunked", b"0\r\n\r\n" + SMUGGLED),
    "a folded header": post(b"X: a\r\n Content-Length: 9\r\nContent-Length: 9"),
    "a folded chunked": post(b"Transfer-Encoding:\r\n chunked", b"0\r\n\r\n" + SMUGGLED),
    "a bare CR in a header": post(b"X: a\rContent-Length: 9\r\nContent-Length: 9"),
    "a bare LF in a header": post(b"X: a\nContent-Length: 9\r\nContent-Length: 9"),
    "bare LF everywhere": post(b"Content-Length: 9").replace(b"\r\n", b"\n"),
    "NUL in a header": post(b"X: a\x00b\r\nContent-Length: 9"),
    "a header without a name": post(b": a\r\nContent-Length: 9"),
    "a header without a colon": post(b"Garbage\r\nContent-Length: 9"),
    "no Host": post(b"Content-Length: 9").replace(b"Host: x\r\n", b""),
    "two Hosts": post(b"Host: y\r\nContent-Length: 9"),
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + b"9\r\n" + ROW + b"\r\n0\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.1": post(b"Content-Length: 9").replace(b"HTTP/1.1", b"HTTP/3.1"),
    "two blanks in the first line": post(b"Content-Length: 9").replace(b" /orders ", b"  /orders "),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "a chunk's size that is no number": CHUNKED + b"g\r\n" + ROW + b"\r\n0\r\n\r\n",
    "a chunk's size below nothing": CHUNKED + b"-9\r\n" + ROW + b"\r\n0\r\n\r\n",
    "a chunk's size beyond 64 bits": CHUNKED + b"10000000000000009\r\n" + ROW + b"\r\n0\r\n\r\n",
    "a chunk's size with LF alone": CHUNKED + b"9\n" + ROW + b"\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"8\r\n" + ROW + b"\r\n0\r\n\r\n",
    "a chunk without an end": CHUNKED + b"9\r\n" + ROW + b"0\r\n\r\n",
    "a chunk's extension with LF in it": CHUNKED + b"9;a\nb\r\n" + ROW + b"\r\n0\r\n\r\n",
    "a length that never comes": post(b"Content-Length: 100"),
    "chunks that never end": CHUNKED + b"9\r\n" + ROW + b"\r\n",
    "half a chunk": CHUNKED + b"9\r\n" + ROW[:4],
    "half a head": START[:-10],
    "a form without its end": form(PART),
    "a form cut within a part": form(PART + b"\r\n--b--\r\n")[:-15],
    "a form without a boundary": form(PART + b"\r\n--b--\r\n", b"multipart/form-data"),
    "a form of another boundary": form(PART + b"\r\n--b--\r\n", b"multipart/form-data; boundary=c"),
    "a form with a folded header": form(PART.replace(b"; filename", b";\r\n filename") + b"\r\n--b--\r\n"),
    "a form with LF alone": form((PART + b"\r\n--b--\r\n").replace(b"\r\n", b"\n")),
    "a second file that is no JSON": form(PART + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; '
                                          b'filename="b.json"\r\nContent-Type: application/json\r\n\r\n{]\r\n--b--\r\n'),
    "gzip that is none": post(b"Content-Encoding: gzip\r\nContent-Length: 9"),
    "gzip of gzip": post(b"Content-Encoding: gzip, gzip\r\nContent-Length: 9"),
}


class Framing(unittest.TestCase):
    def test_what_is_refused_or_dropped_is_not_stored(self):
        with Server() as server:
            for name, sent in REFUSED.items():
                with self.subTest(name):
                    status, came = server.raw(sent)
                    self.assertTrue(status == 0 or 400 <= status < 500 or status in (501, 505), (status, came))
                    self.assertLessEqual(len(re.findall(rb"HTTP/1\.1 \d", came)), 1, came)
            self.gone_without_a_word(server)
            self.cut_byte_by_byte(server)
            self.assertEqual(server.post(b'{"id": 42}', path="/orders?ack=committed")[0], 200)
            self.assertEqual(server.project.query("select id from raw.orders"), [(42,)])
            metrics = server.ask("GET", "/metrics")[1].decode()
            self.assertIn("\nweir_log_entries_total 1\n", metrics, "nothing else came as far as the log")
            self.assertIn('\nweir_queue_bytes{pipeline="orders"}', metrics)
            spooled = [path.name for path in (server.project.folder / ".weir/wal/spool").iterdir()]
            self.assertEqual(spooled, [])

    def gone_without_a_word(self, server):
        """A reset in the middle of a body: small, long enough for a file of its own, chunked, and a form."""
        long = b'{"id": 7}\n' * 300_000
        for head, body in ((b"Content-Length: 9000000", long), (b"Content-Length: 100", ROW),
                           (b"Transfer-Encoding: chunked", b"2dc6c0\r\n" + long[:2_000_000])):
            with server.socket() as one:
                one.sendall(START + head + b"\r\n\r\n" + body)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with server.socket() as one:
            one.sendall(form(PART + b"\n" + long)[:-100_000])
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def cut_byte_by_byte(self, server):
        """However a bad request is cut, it is the same bad request."""
        for name in ("length and chunks", "a folded header", "a chunk without an end"):
            with self.subTest(name):
                status, came = server.raw(*(REFUSED[name][i:i + 1] for i in range(len(REFUSED[name]))))
                self.assertEqual(status, 400, came)


if __name__ == "__main__":
    unittest.main()
