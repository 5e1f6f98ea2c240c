"""weir backup beside weir serve under load: each backup, put back, has all that was acknowledged before it began, once."""
import collections
import http.client
import json
import os
import random
import shutil
import threading
import time
import unittest

from weir_server import Server

SEED = int(os.environ.get("WEIR_SEED", str(random.SystemRandom().randrange(1 << 32))))
CLIENTS = 4
BACKUPS = int(os.environ.get("WEIR_BACKUPS", "2"))
SMALL = 10_000  # Bytes of a body that is kept, to be sent again.
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
        pad: varchar
    flush: { every: 50ms }
    sink: { table: raw.orders }
  seldom:
    source: { http: { route: /seldom, accept: [json, ndjson] } }
    contract: { columns: { id: bigint not null, item: varchar not null, pad: varchar } }
    flush: { every: 2s }
    sink: { table: raw.seldom }
"""
TABLES = {"/orders": "orders", "/seldom": "seldom"}


class Sent:
    """One request, and whether it was acknowledged. A bad record has no item, and a negative id."""

    def __init__(self, path, ids, key, pad):
        self.path, self.ids, self.key, self.acknowledged = path, ids, key, False
        rows = [{"id": i, "item": "tea", "pad": pad} if i > 0 else {"id": i} for i in ids]
        self.body = "\n".join(json.dumps(row) for row in rows).encode()

    def post(self, client):
        """The answer's headers; None where nobody answered."""
        headers = {"Content-Type": "application/x-ndjson", **({"Idempotency-Key": self.key} if self.key else {})}
        client.request("POST", self.path, self.body, headers)
        answer = client.getresponse()
        text = answer.read()
        assert answer.status in (202, 429, 503), (answer.status, text)
        return answer.headers if answer.status == 202 else None


class Load:
    """Clients that post until they are told to stop: small, large and spooled bodies, so that segments come and go."""

    def __init__(self, port):
        self.port, self.random, self.lock = port, random.Random(SEED), threading.Lock()
        self.sent, self.next, self.stopping = [], 1, False

    def make(self):
        with self.lock:
            size, pad = self.random.choice([(1, 0)] * 4 + [(5, 0), (200, 10), (1, 900_000), (1, 900_000), (2, 800_000)])
            ids = [i if i % 37 else -i for i in range(self.next, self.next + size)]
            self.next += size
            path = "/seldom" if self.random.random() < 0.1 else "/orders"
            one = Sent(path, ids, f"key-{ids[0]}" if self.random.random() < 0.5 else None, "x" * pad)
            self.sent.append(one)
            return one

    def client(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping:
            one = self.make()
            while not self.stopping and one.post(client) is None:
                time.sleep(0.05)
            # What was told to stop was perhaps not stored; then it counts as not acknowledged.
            one.acknowledged = not self.stopping
            if len(one.body) > SMALL:
                one.body = None
        client.close()

    def acknowledged(self):
        with self.lock:
            return [one for one in self.sent if one.acknowledged]

    def __enter__(self):
        self.threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client hangs"


class Backups(unittest.TestCase):
    def found(self, project, path):
        """How often each id is in the table or the dead letters of a route."""
        name = TABLES[path]
        found = collections.Counter(int(row[0]) for row in project.query(f"select id from raw.{name}"))
        for row in project.query(f"select hex(raw) as raw from dead_letters.{name}"):
            found[json.loads(bytes.fromhex(row[0]))["id"]] += 1
        return found

    def check(self, server, copy, before, sent):
        project = server.project
        for folder in (".weir", "lake"):
            shutil.rmtree(project.folder / folder)
        project.weir("restore", copy)
        server.start()
        client = server.client()
        keyed = [one for one in before if one.key and one.body]
        for one in random.Random(SEED).sample(keyed, min(20, len(keyed))):
            headers = one.post(client)
            self.assertEqual(headers["Idempotent-Replayed"], "true", f"{one.key} was taken twice")
        client.close()
        server.stop()  # Which commits what is in the log.
        found = {path: self.found(project, path) for path in TABLES}
        known = set(map(id, before))
        for one in sent:
            allowed = (1,) if id(one) in known else (0, 1)
            for number in one.ids:
                self.assertIn(found[one.path][number], allowed, f"record {number} of {one.path} in {copy}")
        self.assertEqual(sum(map(len, found.values())), sum(sum(one.values()) for one in found.values()))
        project.verify()

    def test_each_backup_has_what_was_acknowledged_before_it_once(self):
        print(f"seed {SEED}")
        with Server(config=CONFIG) as server:
            taken = []
            with Load(server.port) as load:
                for number in range(BACKUPS):
                    time.sleep(1 + number % 3 / 3)
                    before = load.acknowledged()
                    server.project.weir("backup", f"copies/{number}", "--data")
                    taken.append((f"copies/{number}", before))
                    # It went on meanwhile, and goes on.
                    self.assertGreater(len(load.acknowledged()), len(before))
            server.stop()
            self.assertGreater(len(taken[-1][1]), len(taken[0][1]))
            for copy, before in taken:
                self.check(server, copy, before, load.sent)

    def test_a_backup_of_a_server_that_was_killed_has_its_log(self):
        with Server(config=CONFIG) as server:
            with Load(server.port) as load:
                time.sleep(1)
                before = load.acknowledged()
                load.stopping = True
            server.process.kill()
            server.process.communicate()
            server.project.weir("backup", "copy", "--data")
            self.check(server, "copy", before, load.sent)


if __name__ == "__main__":
    unittest.main()
