"""Plays the steps of a case in a folder of its own."""

import difflib
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

from . import expect
from .case_file import Expectation

KEPT_VARIABLES = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")


class StepFailed(Exception):
    pass


class Player:
    """One case: a folder, an environment, processes in the background."""

    def __init__(self, case, folder, binary, root, variables=(), talk=None):
        self.case = case
        self.root = pathlib.Path(root)
        self.folder = pathlib.Path(folder) / "work"
        self.folder.mkdir()
        self.talk = talk or (lambda text: None)
        self.timeout = float(case.headers.get("timeout") or 60)
        self.background = {}
        self.fresh = {}  # Step index -> the expectation that would hold.
        programs = pathlib.Path(folder) / "bin"
        programs.mkdir()
        (programs / "weir").symlink_to(binary)
        self.environment = {k: os.environ[k] for k in KEPT_VARIABLES if k in os.environ}
        self.environment.update(
            PATH=f"{programs}:{self.environment.get('PATH', '/usr/bin:/bin')}",
            HOME=str(folder), TMPDIR=str(folder), TZ="UTC", NO_COLOR="1", FREE_PORT=str(free_port()),
        )
        self.environment.setdefault("LANG", "C.UTF-8")
        self.environment.update(v.split("=", 1) for v in variables)

    def play(self, keep_going=False):
        """Raises StepFailed at the first step that does not hold (the last such with keep_going)."""
        failure = None
        try:
            for index, step in enumerate(self.case.steps):
                try:
                    self._play_step(index, step)
                except StepFailed as failed:
                    failure = failure or StepFailed(f"{self.case.path}:{step.line}: {step.verb} {step.argument}\n{failed}")
                    if not keep_going or index not in self.fresh:
                        break
        finally:
            for process, _ in self.background.values():
                stop(process, signal.SIGKILL)
        if failure:
            raise failure

    def _play_step(self, index, step):
        self.talk(f"{step.line}: {step.verb} {step.argument}")
        {
            "file": lambda: self._write(step.argument, step.text.encode()),
            "bytes": lambda: self._write(step.argument, step.raw_bytes),
            "append": lambda: self._write(step.argument, step.text.encode(), "ab"),
            "append-bytes": lambda: self._write(step.argument, step.raw_bytes, "ab"),
            "mkdir": lambda: self._path(step.argument).mkdir(parents=True, exist_ok=True),
            "remove": lambda: self._remove(step.argument),
            "copy": lambda: self._copy(*shlex.split(step.argument)),
            "env": lambda: self._set(step.argument),
            "run": lambda: self._run(index, step, step.argument),
            "run!": lambda: self._run(index, step, step.argument),
            "kill-at": lambda: self._kill_at(index, step),
            "python": lambda: self._run(index, step, f"{shlex.quote(sys.executable)} -", stdin=step.text),
            "start": lambda: self._start(step),
            "wait-for": lambda: self._wait_for(*step.argument.split(" ", 1)),
            "stop": lambda: self._stop(index, step),
        }[step.verb]()

    # --- files ---
    def _path(self, name):
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise StepFailed(f"{name} leads out of the case's folder")
        return path

    def _write(self, name, content, mode="wb"):
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, mode) as file:
            file.write(content)

    def _remove(self, name):
        path = self._path(name)
        if not path.exists():
            raise StepFailed(f"{name} is not there")
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _copy(self, source, target="."):
        origin = self.root / source
        if origin.is_dir():
            shutil.copytree(origin, self._path(target), dirs_exist_ok=True)
        elif origin.is_file():
            self._path(target).parent.mkdir(parents=True, exist_ok=True)
            into = self._path(target)
            shutil.copy(origin, into / origin.name if into.is_dir() else into)
        else:
            raise StepFailed(f"the repository has no {source}")

    def _set(self, assignment):
        name, separator, value = assignment.partition("=")
        if not separator:
            raise StepFailed("env NAME=VALUE")
        self.environment[name] = value

    # --- commands ---
    def _execute(self, command, stdin=None, extra=None):
        process = subprocess.Popen(
            ["/bin/sh", "-c", command], cwd=self.folder, env={**self.environment, **(extra or {})},
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )
        try:
            out, err = process.communicate(None if stdin is None else stdin.encode(), timeout=self.timeout)
        except subprocess.TimeoutExpired:
            stop(process, signal.SIGKILL)
            out, err = process.communicate()
            raise StepFailed(f"took longer than {self.timeout:g} s and was ended\n{show(out, err)}") from None
        return process.returncode, self._lines(out), self._lines(err)

    def _lines(self, output):
        text = output.decode("utf-8", "backslashreplace").replace(str(self.folder), "$DIR")
        lines = text.split("\n")
        return lines[:-1] if lines[-1] == "" else lines

    def _run(self, index, step, command, stdin=None, extra=None):
        if stdin is None and step.content:
            stdin = step.text
        self._check(index, step, *self._execute(command, stdin, extra))

    def _kill_at(self, index, step):
        failpoint, _, command = step.argument.partition(" ")
        name, _, hit = failpoint.partition(":")
        code, out, err = self._execute(command, step.text if step.content else None,
                                       {"WEIR_FAILPOINT": f"{name}:{hit or 1}:kill"})
        if code not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise StepFailed(f"expected death at failpoint {failpoint}, got exit {code}\n" + "\n".join(out + err))
        self._check(index, step, 0, out, err)

    def _check(self, index, step, code, out, err):
        for line in out + err:
            self.talk(f"    {line}")
        expected = step.expectation or Expectation(0, 0)
        if step.expectation:
            self.fresh[index] = Expectation(
                0, 0, None if expected.exit_code is None else code, expect.rewritten(expected.stdout, out),
                None if expected.stderr is None else expect.rewritten(expected.stderr, err))
        wrong = []
        any_exit = expected.exit_code is None or step.verb == "run!"
        if not any_exit and code != expected.exit_code:
            wrong.append(f"exit {code}, expected {expected.exit_code}")
        if step.expectation and not expect.lines_match(expected.stdout, out):
            wrong += difference("stdout", expected.stdout, out)
        if expected.stderr is not None and not expect.lines_match(expected.stderr, err):
            wrong += difference("stderr", expected.stderr, err)
        if wrong:
            if expected.stderr is None and err:
                wrong += ["stderr was:"] + [f"    {line}" for line in err[:40]]
            raise StepFailed("\n".join(wrong))

    # --- in the background ---
    def _start(self, step):
        name, _, command = step.argument.partition(" ")
        if name in self.background or not command:
            raise StepFailed("start NAME COMMAND, each name once")
        log = self.folder.parent / f"{name}.output"
        with open(log, "wb") as output:
            process = subprocess.Popen(["/bin/sh", "-c", "exec " + command], cwd=self.folder, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        self.background[name] = (process, log)

    def _wait_for(self, name, text):
        if name not in self.background:
            raise StepFailed(f"nothing was started as '{name}'")
        process, log = self.background[name]
        end = time.monotonic() + self.timeout
        while True:
            ended = process.poll() is not None
            if text in log.read_text("utf-8", "backslashreplace"):
                return
            if ended or time.monotonic() > end:
                why = f"it ended with {process.returncode}" if ended else "time is up"
                raise StepFailed(f"'{text}' never came: {why}\n{log.read_text('utf-8', 'backslashreplace')}")
            time.sleep(0.02)

    def _stop(self, index, step):
        name, _, signal_name = step.argument.partition(" ")
        if name not in self.background:
            raise StepFailed(f"nothing was started as '{name}'")
        process, log = self.background.pop(name)
        if not stop(process, getattr(signal, signal_name or "SIGTERM"), self.timeout):
            raise StepFailed(f"did not end within {self.timeout:g} s and was killed")
        self._check(index, step, process.returncode, self._lines(log.read_bytes()), [])


def stop(process, number, patience=10.0):
    """Sends `number` to the process, then ends what is left of its group; False where it had to be killed."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(patience)
        return True
    except subprocess.TimeoutExpired:
        return False
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def difference(name, expected, actual):
    lines = list(difflib.unified_diff(expected, actual, "expected", "actual", lineterm="", n=2))
    return [f"{name} differs:"] + [f"    {line}" for line in lines[2:]]


def show(out, err):
    return (out + err).decode("utf-8", "backslashreplace")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
