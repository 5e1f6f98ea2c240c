"""Commands that write while weir serve runs: it lends them its lock, and acknowledges meanwhile."""
import contextlib
import json
import os
import signal
import socket
import time
import unittest

from weir_server import Server

JSON = {"Content-Type": "application/json"}
CONFIG = """
weir: 1
name: till
server: SERVER
pipelines:
  orders:
    source: { http: { route: /orders, accept: [json] } }
    contract: { columns: { id: bigint not null, item: varchar } }
    flush: { every: 50ms }
    sink: { table: raw.orders }
  notes:
    source: { files: "in/*.ndjson", follow: true }
    contract: { columns: { id: bigint not null } }
    sink: { table: raw.notes }
"""


def post(server, rows, ack="committed"):
    client = server.client()
    client.request("POST", f"/orders?ack={ack}", json.dumps(rows), JSON)
    answer = client.getresponse()
    body = json.loads(answer.read())
    client.close()
    return answer.status, body


def count(project, table, wanted, seconds=30):
    """Rows of the table, once they are as many as wanted, or time is over."""
    until = time.monotonic() + seconds
    while True:
        code, out, _ = project.call("query", f"select count(*) as n from {table}", "-o", "json")
        found = json.loads(out)["rows"][0]["n"] if code == 0 else None
        if found == wanted or time.monotonic() > until:
            return found
        time.sleep(0.05)


@contextlib.contextmanager
def borrowed(project):
    """The lock of the server, held by this process."""
    folder = os.open(project.folder / ".weir", os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as desk:
        desk.settimeout(30)
        desk.connect(f"/proc/self/fd/{folder}/lock.sock")
        os.close(folder)
        _, (lock,), *_ = socket.recv_fds(desk, 1, 1)
        yield lock
        os.close(lock)


class Loans(unittest.TestCase):
    def test_commands_that_write_work_beside_a_server(self):
        with Server(config=CONFIG.replace("SERVER", "{}")) as server:
            project = server.project
            self.assertEqual(post(server, [{"id": 1}, {"id": "x", "item": "tea"}])[0], 207)
            letter = json.loads(project.weir("dlq", "ls", "--json"))["rows"][0]["id"]
            project.weir("dlq", "fix", letter, "--set", "id=2")
            project.weir("dlq", "replay")
            self.assertEqual(count(project, "raw.orders", 2), 2)
            project.write("in/a.ndjson", '{"id": 1}\n')
            project.weir("run")
            self.assertEqual(count(project, "raw.notes", 1), 1)
            project.weir("table", "compact", "raw.orders")
            self.assertEqual(post(server, [{"id": 3}])[0], 200)
            project.write("in/b.ndjson", '{"id": 2}\n')
            self.assertEqual(count(project, "raw.notes", 2), 2, "its pipelines go on")
            for arguments in (["serve", "--listen", "127.0.0.1:0"], ["run", "--follow"]):
                code, _, err = project.call(*arguments)
                self.assertEqual((code, "run.served" in err), (75, True), err)
            project.verify()

    def test_what_is_sent_during_a_loan_is_acknowledged_and_committed_after_it(self):
        hasty = CONFIG.replace("SERVER", "{ limits: { ack_timeout: 300ms } }")
        with Server(config=hasty) as server:
            self.assertEqual(post(server, [{"id": 1}], "durable")[0], 202)
            self.assertEqual(count(server.project, "raw.orders", 1), 1)
            with borrowed(server.project):
                status, body = post(server, [{"id": 2}])
                self.assertEqual((status, body["ack"]), (202, "durable"))
                self.assertEqual(post(server, [{"id": 3}], "durable")[0], 202)
                self.assertEqual(count(server.project, "raw.orders", 3, seconds=0.5), 1)
            self.assertEqual(count(server.project, "raw.orders", 3), 3)

    def test_a_server_that_ends_during_a_loan_leaves_the_rest_to_the_next_one(self):
        with Server(config=CONFIG.replace("SERVER", "{}")) as server:
            with borrowed(server.project):
                self.assertEqual(post(server, [{"id": 1}], "durable")[0], 202)
                begun = time.monotonic()
                server.stop()
                self.assertLess(time.monotonic() - begun, 10)
            server.start()
            self.assertEqual(count(server.project, "raw.orders", 1), 1)

    def test_the_lock_outlives_a_server_that_dies_during_a_loan(self):
        with Server(config=CONFIG.replace("SERVER", "{}")) as server:
            with borrowed(server.project):
                self.assertEqual(post(server, [{"id": 1}], "durable")[0], 202)
                server.process.send_signal(signal.SIGKILL)
                server.process.communicate()
                for arguments in (["serve", "--listen", "127.0.0.1:0"], ["run"]):
                    self.assertEqual(server.project.call(*arguments)[0], 75)
            server.start()
            self.assertEqual(count(server.project, "raw.orders", 1), 1)


if __name__ == "__main__":
    unittest.main()
