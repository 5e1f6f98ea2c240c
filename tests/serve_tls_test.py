"""TLS with a certificate of the moment, and what systemd is told."""
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest
import warnings

from weir_project import Project
from weir_server import CONFIG, Server, read_all

SERVER = "{ tls: { cert: cert.pem, key: secret/key.pem } }"


def make_certificate(project):
    (project.folder / "secret").mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", "secret/key.pem", "-out", "cert.pem"], cwd=project.folder, check=True, capture_output=True)


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificate")
class Tls(unittest.TestCase):
    def test_requests_over_tls(self):
        with Server(SERVER, prepare=make_certificate) as server:
            server.tls = ssl.create_default_context(cafile=server.project.folder / "cert.pem")
            status, answer, _ = server.post(b'{"id": 1}\n{"id": 2}\n', path="/orders?ack=committed")
            self.assertEqual((status, answer["accepted"]), (200, 2))
            large = b'{"id": 3, "item": "%s"}\n' % (b"x" * 900_000)
            self.assertEqual(server.post(large * 3, path="/orders?ack=committed")[0], 200)
            self.keep_alive(server)
            self.strangers(server)
            self.assertEqual(server.count(), 25)

    def keep_alive(self, server):
        client = server.client()
        for number in range(20):
            client.request("POST", "/orders", b'{"id": %d}' % number, {"Content-Type": "application/json"})
            answer = client.getresponse()
            answer.read()
            self.assertEqual(answer.status, 202)
        client.request("POST", "/orders?ack=committed", b'{"id": "no number"}', {"Content-Type": "application/json"})
        answer = client.getresponse()
        answer.read()
        self.assertEqual(answer.status, 422)
        self.assertEqual(client.sock.version(), "TLSv1.3")
        client.close()

    def strangers(self, server):
        """Plain HTTP, nonsense, an old version, one who does not trust the certificate: no answer, and no harm."""
        plain = b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"id\": 9}"
        for sent in (plain, b"\x16\x03\x01\xff\xff" + bytes(1000), b"\x00" * 5):
            status, came = server.raw(sent)
            self.assertEqual(status, 0, came)
            self.assertNotIn(b"HTTP/1.1", came)
        with self.assertRaises(ssl.SSLError), server.socket() as one:
            ssl.create_default_context().wrap_socket(one, server_hostname="127.0.0.1")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)), server.socket() as one:
            old.wrap_socket(one)
        with server.socket() as one:  # Half a handshake, and away.
            one.sendall(b"\x16\x03\x01")
        self.assertEqual(server.ask("GET", "/health")[1]["status"], "ok")

    def test_files_that_are_none(self):
        def refused(change):
            with Project(CONFIG.format(server=SERVER)) as project:
                make_certificate(project)
                change(project)
                code, _, err = project.call("serve", "--listen", "127.0.0.1:0")
                self.assertEqual(code, 78, err)
                self.assertIn("server.tls", err)
                return err

        self.assertIn("cert.pem", refused(lambda project: (project.folder / "cert.pem").unlink()))
        self.assertIn("cert.pem", refused(lambda project: project.write("cert.pem", "no certificate")))
        self.assertIn("key.pem", refused(lambda project: project.write("secret/key.pem", "no key")))

        def another_key(project):
            (project.folder / "cert.pem").rename(project.folder / "kept.pem")
            shutil.rmtree(project.folder / "secret")
            make_certificate(project)
            (project.folder / "kept.pem").rename(project.folder / "cert.pem")
        self.assertIn("key.pem", refused(another_key))


class Systemd(unittest.TestCase):
    def test_it_is_told_when_requests_may_come_and_when_no_more(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            path = str(pathlib.Path(folder, "notify"))
            told.bind(path)
            told.settimeout(60)
            with Server(environment={"NOTIFY_SOCKET": path}) as server:
                self.assertIn(b"READY=1", told.recv(1000).split(b"\n"))
                self.assertEqual(server.ask("GET", "/readyz")[0], 200)
                server.stop()
                self.assertIn(b"STOPPING=1", told.recv(1000).split(b"\n"))

    def test_what_is_open_at_the_end_is_answered(self):
        with Server() as server:
            body = b'{"id": 1}'
            with server.socket() as one:
                one.sendall(b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
                self.assertEqual(one.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
                server.process.send_signal(15)
                self.wait_for_draining(server)
                one.sendall(body)
                self.assertIn(b"HTTP/1.1 202", read_all(one))
            self.assertEqual(server.process.wait(timeout=60), 0)
            server.process.communicate()
            self.assertEqual(server.count(), 1)

    def wait_for_draining(self, server):
        """Until no connection is taken any more."""
        while True:
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
            except ConnectionResetError:
                continue
            except ConnectionRefusedError:
                return


if __name__ == "__main__":
    unittest.main()
