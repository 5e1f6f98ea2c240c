"""10,000 connections, 90 % of them idle or slow: the others are served, and those are cut when their time is over.

The latency of a healthy client alone and within the crowd is measured and printed; nothing is asserted of it.
WEIR_SLOW_ROUNDS below 200 makes the crowd smaller.
"""
import collections
import contextlib
import http.client
import multiprocessing
import resource
import select
import time
import unittest

from weir_project import slow_rounds
from weir_server import Server

CROWD = 10_000 if slow_rounds() >= 200 else 2_000
HEALTHY = CROWD // 10
SECONDS = 6
TIMES = "head_timeout: 25s, body_grace: 25s, idle_timeout: 25s"
START = b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
ROW = b'{"id": 1}'


def healthy_client(port, seconds, results):
    """Posts over keep-alive connections in turn, as many clients that are not in a hurry; sends (statuses, micros)."""
    clients = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(20)]
    statuses, micros, end = collections.Counter(), [], time.monotonic() + seconds
    while time.monotonic() < end:
        for client in clients:
            begin = time.perf_counter_ns()
            client.request("POST", "/orders", ROW, {"Content-Type": "application/json"})
            answer = client.getresponse()
            answer.read()
            micros.append((time.perf_counter_ns() - begin) // 1000)
            statuses[answer.status] += 1
    results.send((statuses, sorted(micros)))


def percentile(micros, share):
    return micros[min(len(micros) - 1, int(len(micros) * share))] / 1000


class Crowd:
    """Connections that do nothing, that send a head byte by byte, and that send a body so."""

    def __init__(self, server, size):
        self.sockets, self.slow = [], []
        for i in range(size):
            one = server.socket()
            if i % 3 == 1:
                one.sendall(START[:20])
                self.slow.append((one, b"X"))
            elif i % 3 == 2:
                one.sendall(START + b"Content-Length: 2000\r\n\r\n")
                self.slow.append((one, b" "))
            self.sockets.append(one)

    def trickle(self, seconds):
        """A byte of each of the slow ones every second."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.monotonic()
            for one, byte in self.slow:
                with contextlib.suppress(OSError):
                    one.send(byte)
            time.sleep(max(0, min(1 - (time.monotonic() - begin), end - time.monotonic())))

    def ends(self, seconds):
        """How each was ended by the server: its status, "closed", or "open"."""
        ends = collections.Counter()
        waiting, poll, came = {one.fileno(): one for one in self.sockets}, select.poll(), collections.defaultdict(bytes)
        for number in waiting:
            poll.register(number, select.POLLIN)
        deadline = time.monotonic() + seconds
        while waiting and time.monotonic() < deadline:
            for number, _ in poll.poll(200):
                try:
                    piece = waiting[number].recv(4096)
                except OSError:
                    piece = b""
                came[number] += piece
                if not piece:
                    poll.unregister(number)
                    waiting.pop(number).close()
                    ends[came[number].split(b" ", 2)[1].decode() if came[number] else "closed"] += 1
        if waiting:
            ends["open"] = len(waiting)
        return ends


class Crowds(unittest.TestCase):
    def measure(self, server, meanwhile=time.sleep):
        mine, theirs = multiprocessing.Pipe()
        client = multiprocessing.get_context("spawn").Process(target=healthy_client, args=(server.port, SECONDS, theirs))
        client.start()
        meanwhile(SECONDS)
        statuses, micros = mine.recv()
        client.join()
        self.assertEqual(list(statuses), [202])
        return statuses[202], micros

    def test_who_hurries_is_served_among_those_who_do_not(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < CROWD + 200:
            self.skipTest(f"{CROWD} connections need more open files than {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        as_a_shell = ["prlimit", f"--nofile=1024:{hard}"]
        with Server("{ limits: { " + TIMES + " } }", before=as_a_shell) as server:
            with open(f"/proc/{server.process.pid}/limits", encoding="utf-8") as limits:
                files = next(line.split() for line in limits if line.startswith("Max open files"))
            self.assertEqual(files[3], files[4], "the limit of open files is as high as it may be")
            alone = self.measure(server)
            first = server.rss_bytes()
            crowd = Crowd(server, CROWD - HEALTHY)
            calm = [server.client() for _ in range(HEALTHY - 20)]  # They were served, and may ask again.
            for client in calm:
                client.request("GET", "/livez")
                self.assertEqual(client.getresponse().read(), b'{"status":"ok"}')
            among = self.measure(server, crowd.trickle)
            memory = server.rss_bytes() - first
            for name, (count, micros) in (("alone", alone), ("in the crowd", among)):
                print(f"\n{name:13} {count:6} requests  p50 {percentile(micros, 0.5):.2f} ms  "
                      f"p99 {percentile(micros, 0.99):.2f} ms", end="")
            print(f"\np99 {percentile(among[1], 0.99) / percentile(alone[1], 0.99):.2f} x its baseline; "
                  f"{memory / (CROWD - 20) / 1024:.1f} KiB of memory per connection")
            ends = crowd.ends(90)
            print(f"ended: {dict(ends)}")
            self.assertEqual(set(ends), {"408", "closed"}, "all were cut, and told why where they had begun")
            self.assertEqual(ends["408"], len(crowd.slow))
            self.assertEqual(server.ask("GET", "/health")[1]["status"], "ok")
            server.stop()
            self.assertEqual(server.count(), alone[0] + among[0])

    def test_connections_leave_files_for_the_rest_of_the_program(self):
        with Server(before=["prlimit", "--nofile=700:700"]) as server:
            client = server.client()
            client.connect()
            others = [server.socket() for _ in range(900)]
            for i in range(20):
                client.request("POST", "/orders?ack=committed", b'{"id": %d}' % i, {"Content-Type": "application/json"})
                answer = client.getresponse()
                answer.read()
                self.assertEqual(answer.status, 200)
            for one in others:
                one.close()
            self.assertEqual(server.ask("GET", "/health")[1]["status"], "ok")


if __name__ == "__main__":
    unittest.main()
