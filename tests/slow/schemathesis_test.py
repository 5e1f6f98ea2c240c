"""What /openapi.json says is what the server does: Schemathesis makes requests from it, good ones and bad ones, and no
answer is a 5xx, has a status or a type that is not described, or a body of another shape."""
import os
import pathlib
import shutil
import subprocess
import unittest

from weir_project import slow_rounds
from weir_server import Server

FOLDER = pathlib.Path(__file__).resolve().parent / "schemathesis"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weir"
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth")
CONFIG = """
weir: 1
name: till
server: { auth: tokens }
pipelines:
  orders:
    source: { http: { route: /orders } }
    contract:
      columns:
        id: bigint not null
        item: varchar
    flush: { every: 50ms }
    sink: { table: raw.orders }
  sales:
    source: { http: { route: "/stores/{store}/sales/{day}", accept: [csv, json], ack: committed, idempotency: required } }
    contract:
      columns:
        id: bigint not null
        store: varchar not null default path(store)
        till: varchar default header(x-till)
    flush: { every: 50ms }
    sink: { table: raw.sales }
"""


def schemathesis():
    """The program, in a folder of the cache that belongs to one content of requirements.txt."""
    venv, wanted = CACHE / "schemathesis", FOLDER / "requirements.txt"
    mark = venv / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted.read_text():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                        "--no-deps", "--require-hashes", "-r", wanted], check=True)
        mark.write_text(wanted.read_text())
    return venv / "bin/schemathesis"


class Described(unittest.TestCase):
    def test_every_answer_is_described(self):
        program = schemathesis()
        with Server(config=CONFIG) as server:
            token = server.project.weir("token", "create", "all", "--scope", "admin").strip()
            self.wait_until_known(server, token)
            done = subprocess.run(
                [program, "run", f"http://127.0.0.1:{server.port}/openapi.json", "--checks", CHECKS, "--seed", "1",
                 "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
                 "--max-examples", str(max(10, slow_rounds() // 2)), "--continue-on-failure", "--request-timeout", "60",
                 "-H", f"Authorization: Bearer {token}"],
                cwd=server.project.folder, capture_output=True, text=True, timeout=1800)
            self.assertEqual(done.returncode, 0, done.stdout[-20_000:] + done.stderr[-2_000:])
            print(next((line for line in done.stdout.splitlines() if "generated" in line), "").strip())
            self.assertEqual(server.ask("GET", "/health")[1]["status"], "ok")

    def wait_until_known(self, server, token):
        while server.ask("GET", "/metrics", Authorization="Bearer " + token)[0] == 401:
            pass


if __name__ == "__main__":
    unittest.main()
