"""What the parts of bench/ingest.py share: a project that is served, a client that loads it, and the disk's own pace."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/weir"))
SERVER_CORE, CLIENT_CORE = (0, 1) if (os.cpu_count() or 1) > 1 else (0, 0)
CONFIG = """
weir: 1
name: bench
pipelines:
  orders:
    source: { http: { route: /orders, accept: [json, ndjson] } }
    contract:
      columns:
        event_id: varchar not null
        event_type: varchar not null
        user_id: bigint not null
        product_id: bigint
        price: decimal(10,2)
        event_time: timestamptz not null
        store_id: varchar
        note: varchar
    flush: { FLUSH }
    sink: { table: raw.orders }
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def pinned(core, command):
    return ["taskset", "-c", str(core), *command]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


class Server:
    """A process that listens, pinned, from the beginning of the block to its end."""

    def __init__(self, command, port, folder, **environment):
        self.port, self.folder = port, folder
        self.begun = time.monotonic()
        self.process = subprocess.Popen(pinned(SERVER_CORE, command), cwd=folder, env={**os.environ, **environment},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() - self.begun > 60:
                    raise SystemExit("the server does not listen: " + " ".join(self.process.args)) from None
                time.sleep(0.002)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def until_ready(self):
        """Seconds from the process's start to 200 at /readyz."""
        while get(self.port, "/readyz")[0] != 200:
            time.sleep(0.002)
        return time.monotonic() - self.begun

    def rss_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name):
        """The sum of the lines that begin so."""
        lines = get(self.port, "/metrics")[1].splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    def lag(self):
        """Requests of one event that are acknowledged and not committed."""
        return max(0, self.metric("weir_log_entries_total") - self.metric('weir_records_total{outcome="read"'))


class Project:
    """A folder with the project of CONFIG, gone at the end of the block."""

    def __init__(self, flush="every: 500ms", config=CONFIG):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-", dir=ROOT / "build"))
        self.config = config
        self.set_flush(flush)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_flush(self, flush):
        (self.folder / "weir.yaml").write_text(self.config.replace("FLUSH", flush))

    def serve(self):
        port = free_port()
        return Server([WEIR, "serve", "--listen", f"127.0.0.1:{port}"], port, self.folder)

    def rows(self, where="true"):
        done = subprocess.run([WEIR, "query", "--json", f"select count(*) as n from raw.orders where {where}"],
                              cwd=self.folder, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["rows"][0]["n"]

    def must_hold(self, acknowledged):
        """No figure counts before this: what was acknowledged is in the table, once."""
        counted = self.rows()
        if counted != acknowledged:
            raise SystemExit(f"{acknowledged} events were acknowledged, and {counted} are in the table")


def load_command(port, *more):
    return pinned(CLIENT_CORE, [WEIR, "bench", "ingest", "--json", "--url", f"http://127.0.0.1:{port}/orders", *more])


def load(port, *more):
    """The loops of `weir bench ingest`; every answer must be a 202."""
    done = subprocess.run(load_command(port, *more), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"weir bench ingest {' '.join(more)}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["loops"]


def acknowledged(loops, items=1):
    return sum(loop["statuses"].get("202", 0) for loop in loops) * items


class Disk:
    """A file that was written with zeros ahead, as the log's segments are."""

    def __init__(self, folder, size=256 << 20):
        self.size, self.at = size, 0
        self.path = pathlib.Path(folder) / "disk-probe"
        self.file = os.open(self.path, os.O_CREAT | os.O_RDWR)
        for _ in range(size >> 20):
            os.write(self.file, bytes(1 << 20))
        os.fsync(self.file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.file)
        self.path.unlink()

    def write(self, piece):
        if self.at + len(piece) > self.size:
            self.at = 0
        os.pwrite(self.file, piece, self.at)
        self.at += len(piece)
        os.fdatasync(self.file)

    def sync_ms(self, count=400, size=64 << 10):
        """Milliseconds of each of so many writes with fdatasync."""
        piece, times = os.urandom(size), []
        for _ in range(count):
            begun = time.monotonic()
            self.write(piece)
            times.append((time.monotonic() - begun) * 1e3)
        return times

    def megabytes_per_second(self, total, size=10**6):
        piece = os.urandom(size)
        begun = time.monotonic()
        for _ in range(max(1, total // size)):
            self.write(piece)
        return max(1, total // size) * size / 1e6 / (time.monotonic() - begun)
