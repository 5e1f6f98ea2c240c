"""weir serve while a disk is full: 503 and no false acknowledgement, and it goes on by itself when there is space."""
import collections
import contextlib
import subprocess
import time
import unittest

from weir_server import Server

MIB = 1 << 20


@contextlib.contextmanager
def small_disk(test, folder, size):
    folder.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode:
        test.skipTest("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(path):
    """A file that leaves nothing free."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (MIB, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


class Ids:
    """Sends rows of 900 kB, one by one, and keeps which of them were acknowledged."""

    def __init__(self, server):
        self.server, self.acknowledged, self.last = server, [], 0

    def send(self, size=900_000):
        self.last += 1
        body = b'{"id": %d, "item": "%s"}\n' % (self.last, b"x" * size)
        status, answer, headers = self.server.post(body)
        if status == 202:
            self.acknowledged.append(self.last)
        return status, answer, headers


class FullDisks(unittest.TestCase):
    def wait_until(self, true, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def health(self, server):
        return server.ask("GET", "/health")[1]

    def send_until_refused(self, ids, most):
        for _ in range(most):
            status, answer, headers = ids.send()
            if status != 202:
                self.assertGreater(int(headers["Retry-After"]), 0)
                return status, answer["code"]
        self.fail(f"{most} requests were taken")

    def assert_each_is_there_once(self, server, ids):
        self.wait_until(lambda: b'weir_queue_bytes{pipeline="orders"} 0\n' in server.ask("GET", "/metrics")[1],
                        "what was acknowledged is committed")
        server.stop()
        rows = collections.Counter(row[0] for row in server.project.query("select id from raw.orders"))
        self.assertEqual(rows, collections.Counter(ids.acknowledged))
        server.project.verify()

    def test_the_disk_of_the_log_is_full(self):
        stack = contextlib.ExitStack()
        with stack:
            def mount(project):
                stack.enter_context(small_disk(self, project.folder / ".weir", "330m"))
            server = stack.enter_context(Server(prepare=mount))
            # The server ends before its disk is taken away.
            stack.callback(lambda: server.process.poll() is None and server.stop())
            ids = Ids(server)
            for _ in range(3):
                self.assertEqual(ids.send()[0], 202)
            filler = server.project.folder / ".weir/filler"
            fill(filler)
            # A long body needs a file of its own, and there is none.
            self.assertEqual(ids.send(3_000_000)[0], 503)
            # The others go into what the log has taken already, until that is full.
            status, code = self.send_until_refused(ids, 400)
            print(f"\nthe log's disk: {len(ids.acknowledged)} MB taken, then {status} {code}")
            self.assertEqual((status, code), (503, "file.full"))
            status, answer, headers = server.ask("GET", "/readyz")
            self.assertEqual((status, answer["code"]), (503, "file.full"))
            self.assertIn("Retry-After", headers)
            self.assertEqual(server.ask("GET", "/livez")[0], 200)
            self.wait_until(lambda: self.health(server)["pipelines"]["orders"]["state"] == "retrying", "it retries")
            self.assertEqual(self.health(server)["status"], "degraded")
            for _ in range(20):
                self.assertEqual(ids.send()[0], 503)
            filler.unlink()
            self.wait_until(lambda: server.ask("GET", "/readyz")[0] == 200, "it is ready again")
            self.assertEqual(ids.send()[0], 202)
            self.assertEqual(ids.send(3_000_000)[0], 202)
            self.wait_until(lambda: self.health(server)["status"] == "ok", "it does well again")
            self.assert_each_is_there_once(server, ids)

    def test_the_disk_of_the_tables_is_full(self):
        stack = contextlib.ExitStack()
        with stack:
            def mount(project):
                stack.enter_context(small_disk(self, project.folder / "lake", "4m"))
            server = stack.enter_context(Server("{ limits: { log: 256MiB } }", prepare=mount))
            stack.callback(lambda: server.process.poll() is None and server.stop())
            ids = Ids(server)
            self.assertEqual(ids.send()[0], 202)
            self.wait_until(lambda: server.count() == 1, "the first is committed")
            filler = server.project.folder / "lake/filler"
            fill(filler)
            self.assertEqual(ids.send()[0], 202)
            self.wait_until(lambda: self.health(server)["pipelines"]["orders"]["state"] == "retrying", "it retries")
            self.assertEqual(self.health(server)["status"], "degraded")
            self.assertEqual(server.ask("GET", "/readyz")[0], 200, "requests are taken all the same")
            status, code = self.send_until_refused(ids, 400)
            print(f"\nthe tables' disk: {len(ids.acknowledged)} MB taken, then {status} {code}")
            self.assertEqual((status, code), (429, "wal.stream_full"))
            filler.unlink()
            self.wait_until(lambda: self.health(server)["status"] == "ok", "it does well again")
            self.wait_until(lambda: ids.send()[0] == 202, "the log has room again")
            self.assert_each_is_there_once(server, ids)


if __name__ == "__main__":
    unittest.main()
