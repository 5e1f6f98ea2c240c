"""kill -9 of weir serve under load: what it acknowledged is there once, and a repeated request is answered as before.

WEIR_SLOW_ROUNDS bounds the kills (default 200). The seed is printed; WEIR_SEED repeats a run.
"""
import collections
import http.client
import json
import os
import random
import signal
import socket
import threading
import time
import unittest

from weir_project import Project, slow_rounds

ROUNDS = slow_rounds()
SEED = int(os.environ.get("WEIR_SEED", str(random.SystemRandom().randrange(1 << 32))))
CLIENTS = 4
LOG_FAILPOINTS = ["wal.written", "wal.synced"]
CONFIG = """
weir: 1
name: till
pipelines:
  orders:
    source: { http: { route: /orders, accept: [json, ndjson] } }
    contract:
      columns:
        id: bigint not null
        item: varchar not null
    flush: { every: 50ms }
    sink: { table: raw.orders }
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Sent:
    """One request: its records, and what was said of it. A bad record has no item, and a negative id."""

    def __init__(self, ids, key):
        self.ids, self.key, self.receipt = ids, key, None
        rows = [{"id": i, "item": "tea"} if i > 0 else {"id": i} for i in ids]
        self.body = "\n".join(json.dumps(row) for row in rows).encode()

    def post(self, connection):
        """Posts it; False where nobody answered. Whether the answer was a repeated one goes to `replayed`."""
        headers = {"Content-Type": "application/x-ndjson", **({"Idempotency-Key": self.key} if self.key else {})}
        try:
            connection.request("POST", "/orders", self.body, headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        assert answer.status == 202, (answer.status, body)
        assert self.receipt in (None, body["receipt"]), f"{self.key}: {self.receipt}, then {body['receipt']}"
        self.receipt, self.replayed = body["receipt"], answer.headers.get("Idempotent-Replayed") == "true"
        return True


class Load:
    """Clients that post until the server is gone. Everything they sent is kept."""

    def __init__(self, port, seed):
        self.port, self.sent, self.lock, self.next = port, [], threading.Lock(), 1
        self.random = random.Random(seed)

    def make(self):
        with self.lock:
            size = self.random.choice([1, 1, 1, 5, 200])
            ids = [i if i % 37 else -i for i in range(self.next, self.next + size)]
            self.next += size
            one = Sent(ids, f"key-{ids[0]}" if self.random.random() < 0.5 else None)
            self.sent.append(one)
            return one

    def client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while self.make().post(connection):
            pass

    def run(self, end):
        threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        end()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client hangs"

    def repeat_keyed(self, count):
        """Sends again what was not answered, and some of what was, where it has a key."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        keyed = [one for one in self.sent if one.key]
        for one in [one for one in keyed if not one.receipt]:
            assert one.post(connection)
        for one in self.random.sample(keyed, min(count, len(keyed))):
            assert one.post(connection) and one.replayed, f"{one.key} was taken twice"
        connection.close()


class ServeKills(unittest.TestCase):
    def serve(self, project, port, failpoint=None):
        os.environ["PORT"] = str(port)
        process = project.start("serve", failpoint=failpoint)
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.01)
        self.assertIsNone(process.poll(), "weir serve ended")
        return process

    def end_and_check(self, project, port, load):
        process = self.serve(project, port)
        load.repeat_keyed(50)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        rows = collections.Counter(int(row[0]) for row in project.query("select id from raw.orders"))
        letters = collections.Counter(
            json.loads(bytes.fromhex(row[0]))["id"]
            for row in project.query("select hex(raw) as raw from dead_letters.orders"))
        for one in load.sent:
            for number in one.ids:
                found = rows[number] if number > 0 else letters[number]
                allowed = (1,) if one.receipt else (0, 1)
                self.assertIn(found, allowed, f"record {number} of {one.key or 'a request without key'}")
        self.assertEqual(sum(rows.values()) + sum(letters.values()), len(rows) + len(letters))
        project.verify()

    def test_random_kills(self):
        print(f"seed {SEED}, {ROUNDS} kills")
        generator, port = random.Random(SEED), free_port()
        with Project(CONFIG) as project:
            load = Load(port, SEED)
            for _ in range(ROUNDS):
                process = self.serve(project, port)
                load.repeat_keyed(3)

                def end(process=process):
                    time.sleep(generator.uniform(0, 0.4))
                    process.send_signal(signal.SIGKILL)
                    process.communicate()

                load.run(end)
            acked = sum(1 for one in load.sent if one.receipt)
            print(f"{len(load.sent)} requests, {acked} acknowledged")
            self.assertGreater(acked, ROUNDS)
            self.end_and_check(project, port, load)

    def test_commands_that_write_are_killed_beside_it(self):
        """Each has borrowed the server's lock, or is about to; the server goes on acknowledging."""
        generator, port = random.Random(SEED), free_port()
        commands = [["dlq", "replay"], ["table", "compact", "raw.orders"], ["run"]]
        with Project(CONFIG) as project:
            load = Load(port, SEED)
            for _ in range(max(1, ROUNDS // 10)):
                process = self.serve(project, port)

                def end(process=process):
                    for _ in range(5):
                        copy = ["backup", f"copies/{generator.random()}"]
                        command = project.start(*generator.choice([*commands, copy]))
                        time.sleep(generator.uniform(0, 0.3))
                        command.send_signal(signal.SIGKILL)
                        command.communicate()
                    process.send_signal(generator.choice([signal.SIGKILL, signal.SIGTERM]))
                    process.communicate(timeout=60)

                load.run(end)
            self.assertGreater(sum(1 for one in load.sent if one.receipt), ROUNDS)
            self.end_and_check(project, port, load)

    def test_a_kill_between_the_write_and_the_answer(self):
        for failpoint in LOG_FAILPOINTS:
            for hit in (1, 7):
                with self.subTest(failpoint=failpoint, hit=hit), Project(CONFIG) as project:
                    port = free_port()
                    load = Load(port, SEED)
                    process = self.serve(project, port, failpoint=f"{failpoint}:{hit}")
                    load.run(lambda process=process: process.communicate(timeout=60))
                    self.assertEqual(process.returncode, -signal.SIGKILL)
                    self.end_and_check(project, port, load)


if __name__ == "__main__":
    unittest.main()
