"""weir serve as a real process, and what speaks to it: http.client, or bytes over a socket as no client sends them."""
import contextlib
import http.client
import json
import os
import signal
import socket
import time

from weir_project import Project

CONFIG = """
weir: 1
name: till
server: {server}
pipelines:
  orders:
    source: {{ http: {{ route: /orders, accept: [json, ndjson, csv] }} }}
    contract:
      columns:
        id: bigint not null
        item: varchar
    flush: {{ every: 100ms }}
    sink: {{ table: raw.orders }}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A project that is served for the length of the `with` block; then it ends, and must have ended well."""

    def __init__(self, server="{}", config=None, prepare=lambda project: None, environment=None, before=()):
        self.port = free_port()
        self.project = Project(config or CONFIG.format(server=server))
        self.prepare, self.environment, self.before = prepare, environment or {}, before
        self.tls, self.err = None, ""

    def __enter__(self):
        self.project.__enter__()
        self.prepare(self.project)
        self.start()
        return self

    def start(self):
        os.environ.update(self.environment, PORT=str(self.port))
        self.process = self.project.start("serve", before=self.before)
        for name in [*self.environment, "PORT"]:
            os.environ.pop(name)
        until = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError(f"weir serve did not start: {self.process.communicate()[1]}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.err += self.process.communicate(timeout=120)[1]
        assert self.process.returncode == 0, self.err

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                self.stop()
        finally:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdout, self.process.stderr):
                pipe.close()
            self.project.__exit__()

    def client(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, **headers):
        """(status, JSON of the answer or its text, headers); the status is 0 where nobody answered."""
        client = self.client()
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # It may answer before all was sent.
                client.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = client.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return 0, None, {}
        finally:
            client.close()
        with contextlib.suppress(ValueError):
            text = json.loads(text)
        return answer.status, text, answer.headers

    def post(self, body, content_type="application/x-ndjson", path="/orders", **headers):
        return self.ask("POST", path, body, Content_Type=content_type, **headers)

    def socket(self):
        one = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return one

    def raw(self, *pieces):
        """Sends bytes as they are and reads until the server closes; (first status or 0, all that came)."""
        with self.socket() as one:
            with contextlib.suppress(OSError):
                for piece in pieces:
                    one.sendall(piece)
                one.shutdown(socket.SHUT_WR)
            came = read_all(one)
        return (int(came.split(b" ", 2)[1]) if came.startswith(b"HTTP/1.1 ") else 0), came

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def peak_rss_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

    def count(self, table="raw.orders"):
        """Rows of a table that may not be there yet."""
        code, out, err = self.project.call("query", f"select count(*) as n from {table}", "-o", "json")
        if code != 0:
            assert "no table" in err or "not_found" in err, err
            return 0
        return json.loads(out)["rows"][0]["n"]


def read_all(one):
    came = b""
    with contextlib.suppress(OSError):
        while piece := one.recv(65536):
            came += piece
    return came
