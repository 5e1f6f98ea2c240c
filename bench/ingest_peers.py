"""What bench/ingest.py measures `weir serve` against: the bare prototype of this folder, and FastAPI under uvicorn."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from ingest_server import ROOT, Server, free_port, load

PEER = ROOT / "bench/ingest_peer"


def scratch():
    return tempfile.TemporaryDirectory(prefix="weir-bench-", dir=ROOT / "build")


def prototype(*how):
    build = ROOT / "build/release"
    subprocess.run(["cmake", "--build", str(build), "--target", "ingest_prototype"], check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    with scratch() as folder, Server([str(build / "bench/ingest_prototype"), str(port), "log"], port, folder):
        return load(port, *how)


def python():
    """FastAPI and its like, in a folder of the cache that belongs to one content of requirements.txt."""
    venv = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir/ingest-peer"
    mark = venv / "requirements.txt"
    wanted = (PEER / "requirements.txt").read_text()
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                        "--no-deps", "--require-hashes", "-r", str(PEER / "requirements.txt")], check=True)
        mark.write_text(wanted)
    return str(venv / "bin/python")


def fastapi(seconds, checks):
    port = free_port()
    command = [python(), "-m", "uvicorn", "app:app", "--port", str(port), "--app-dir", str(PEER), "--no-access-log"]
    with scratch() as folder, Server(command, port, folder, PEER_LOG=str(pathlib.Path(folder) / "log"), PEER_CHECKS=checks):
        return load(port, "--time", f"{seconds}s")
