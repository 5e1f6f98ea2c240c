"""A project in a temporary folder, driven through the weir binary. Shared by the judge and the slow set."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/weir"))

def slow_rounds():
    """How long the slow set may take: 200 is the whole of it, ./dev ci asks for less."""
    return int(os.environ.get("WEIR_SLOW_ROUNDS", "200"))


EVENTS = """
weir: 1
name: judged
pipelines:
  events:
    source: {{ files: "in/*" }}
    contract:
      columns:
        id: bigint not null
        kind: varchar not null
        price: decimal(10,2)
        at: timestamptz not null
      rules:
        - {{ name: known_kind, expect: "kind in ('view', 'purchase')" }}
        - {{ name: purchase_has_price, when: "kind = 'purchase'", expect: "price is not null" }}
        - {{ name: price_in_range, when: "price is not null", expect: "price between 0 and 1000" }}
    flush: {{ rows: {rows} }}
    sink: {{ table: raw.events{sink} }}
"""


class Project:
    """A folder with weir.yaml; removed at the end of the `with` block."""

    def __init__(self, config=None, rows=100000, sink=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-test-"))
        (self.folder / "in").mkdir()
        self.write("weir.yaml", config or EVENTS.format(rows=rows, sink=sink))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def start(self, *arguments, failpoint=None, before=()):
        environment = dict(os.environ, NO_COLOR="1")
        environment.pop("WEIR_FAILPOINT", None)
        if failpoint:
            environment["WEIR_FAILPOINT"] = failpoint
        return subprocess.Popen([*before, WEIR, *arguments], cwd=self.folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, *arguments, failpoint=None, timeout=600):
        process = self.start(*arguments, failpoint=failpoint)
        out, err = process.communicate(timeout=timeout)
        return process.returncode, out, err

    def weir(self, *arguments, expect=0, timeout=600):
        code, out, err = self.call(*arguments, timeout=timeout)
        assert code == expect, f"weir {' '.join(arguments)}: exit {code}, not {expect}\n{out}\n{err}"
        return out

    def run(self):
        return json.loads(self.weir("run", "--json"))

    def query(self, sql):
        return [tuple(row.values()) for row in json.loads(self.weir("query", sql, "-o", "json"))["rows"]]

    def verify(self):
        code, out, err = self.call("verify", "--json")
        report = json.loads(out)
        assert code == 0 and report["ok"], f"weir verify: {out} {err}"
        return report

    def killed_at(self, failpoint, *arguments):
        """Runs a command that must die at `failpoint`; False where it did not pass it."""
        code, _, _ = self.call(*arguments, failpoint=failpoint)
        assert code in (0, -signal.SIGKILL), f"{failpoint}: exit {code}"
        return code == -signal.SIGKILL

    def catalog(self):
        """The project's catalog as PyIceberg opens it."""
        from pyiceberg.catalog import load_catalog
        return load_catalog("lake", type="sql", uri=f"sqlite:///{self.folder}/.weir/weir.db",
                            warehouse=f"file://{self.folder}/lake")


def event(number, kind=None, price="12.50", broken=None):
    """One NDJSON line; `broken` names what is wrong with it."""
    if broken == "cut":
        return '{"id": %d, "kind": "vie' % number
    if broken == "quote":
        return '{"id": %d, "kind": "view, "price": 1.00, "at": "2026-01-01T00:00:00Z"}' % number
    if broken == "type":
        return '{"id": "x%d", "kind": "view", "at": "2026-01-01T00:00:00Z"}' % number
    if broken == "rule":
        return '{"id": %d, "kind": "theft", "at": "2026-01-01T00:00:00Z"}' % number
    kind = kind or ("purchase" if number % 3 == 0 else "view")
    price = f'"price": {price}, ' if kind == "purchase" else ""
    second = number % 60
    day = 1 + number % 3
    return '{"id": %d, "kind": "%s", %s"at": "2026-01-%02dT10:00:%02dZ"}' % (number, kind, price, day, second)
