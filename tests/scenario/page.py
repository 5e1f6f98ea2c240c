"""Reads a page of the documentation into blocks, and plays them in a project of the page's own.

A block says what becomes of it in the line that opens it:

    ```yaml file=weir.yaml     is written to that file (append=PATH adds to its end)
    ```console                 `$ COMMAND` is run, the lines behind it are what it must print
    ```text, ```yaml text      is for reading only

Any other block is a fault: what stands on a page is either tried or says that it is not. In a console
block `> ` goes on with the command above it, `...` stands for any number of lines, `{{int}}` and its
like (expect.py) for parts of one, and a time such as `41 ms` for any time. A command must exit with 0
and prints to a terminal of 100 columns. `needs=A,B` skips a block where Python lacks one of these modules.
`<!-- new project -->` between two blocks begins an empty folder.
"""

import dataclasses
import fcntl
import importlib.util
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty

from . import expect
from .play import difference

COLUMNS, ROWS = 100, 40
NEW_PROJECT = "<!-- new project -->"
_FENCE = re.compile(r"( *)(`{3,})(.*)")
_DURATION = re.compile(r"(?<![\w.])(?:\d+ min )?\d+(?:\.\d+)? (?:us|ms|s|min)(?!\w)")
_INSTANCE = re.compile(r"(?<=[a-z0-9_]/)[0-9a-f]{8}(?=/\d)")  # PIPELINE/INSTANCE/BATCH
_DRAWN_OVER = re.compile(r"\r\x1b\[K[^\r\n]*(?=\r\x1b\[K)")


class PageError(Exception):
    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: {message}")


@dataclasses.dataclass
class Block:
    kind: str  # write, append, console, text, new_project
    line: int  # Of its first line of content, from 1.
    target: str = ""  # The file of write and append.
    needs: str = ""
    content: list = dataclasses.field(default_factory=list)

    @property
    def text(self):
        return "".join(line + "\n" for line in self.content)


@dataclasses.dataclass
class Step:
    command: str
    first: int  # Index of the first line of `expected` in the block.
    expected: list


def parse(path, text):
    blocks, opened = [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.fullmatch(line)
        if opened:
            block, indent, ticks = opened
            if fence and fence.group(2).startswith(ticks) and not fence.group(3).strip():
                blocks.append(block)
                opened = None
            else:
                block.content.append(line.removeprefix(indent))
        elif fence:
            opened = (_opened(path, number, fence.group(3).split()), fence.group(1), fence.group(2))
        elif line.strip() == NEW_PROJECT:
            blocks.append(Block("new_project", number))
    if opened:
        raise PageError(path, opened[0].line, "the block is not closed")
    return blocks


def _opened(path, number, words):
    block = Block("", number + 1)
    for word in words[1:] if words and "=" not in words[0] else words:
        name, _, value = word.partition("=")
        if name == "file":
            block.kind, block.target = "write", value
        elif name == "append":
            block.kind, block.target = "append", value
        elif name == "needs":
            block.needs = value
        elif word == "text":
            block.kind = "text"
        else:
            raise PageError(path, number, f"'{word}' says nothing here: file=, append=, needs=, text")
    if not block.kind and words and words[0] in ("console", "text"):
        block.kind = words[0]
    if not block.kind:
        raise PageError(path, number, "the block is neither executed nor marked text: give it file=PATH, "
                                      "make it console, or write text behind its language")
    return block


def steps_of(path, block):
    steps = []
    for index, line in enumerate(block.content):
        if line.startswith("$ "):
            steps.append(Step(line[2:], index + 1, []))
        elif not steps:
            raise PageError(path, block.line + index, "a console block begins with `$ COMMAND`")
        elif line.startswith("> ") and not steps[-1].expected:
            steps[-1].command += "\n" + line[2:]
            steps[-1].first = index + 1
        else:
            steps[-1].expected.append(line)
    if not steps:
        raise PageError(path, block.line, "a console block without a command")
    return steps


def loosened(line):
    """An expected line as a pattern: times and instances differ from run to run."""
    if line == "...":
        return expect.ANY_LINES
    return _INSTANCE.sub("{{hex}}", _DURATION.sub("{{duration}}", line))


@dataclasses.dataclass
class Wrong:
    line: int
    message: str


class Player:
    """Plays the blocks of one page. `programs` are scripts that stand on its PATH: {name: path}."""

    def __init__(self, path, blocks, programs, timeout=60.0):
        self.path, self.blocks, self.timeout = path, blocks, timeout
        self.wrong = []
        self.skipped = []
        self.fresh = {}  # {(first line of the page from 1, the one behind the last): lines}
        self._programs = programs

    def play(self, start_with=None):
        """`start_with(folder)` fills the first project."""
        with tempfile.TemporaryDirectory(prefix="weir_page_") as root:
            bin_folder = pathlib.Path(root, "bin")
            bin_folder.mkdir()
            for name, program in self._programs.items():
                script = bin_folder / name
                script.write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
                script.chmod(0o755)
            self._environment = {
                "PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": root, "TZ": "UTC", "LANG": "C.UTF-8",
                "TERM": "xterm", "NO_COLOR": "1"}
            self._enter(root, 0)
            if start_with:
                start_with(self._folder)
            for number, block in enumerate(self.blocks, 1):
                if block.kind == "new_project":
                    self._enter(root, number)
                else:
                    self._play(block)
        return self

    def _enter(self, root, number):
        self._folder = pathlib.Path(root, f"project{number}")
        self._folder.mkdir()

    def _play(self, block):
        missing = [name for name in block.needs.split(",") if name and not importlib.util.find_spec(name)]
        if missing:
            self.skipped.append(f"{self.path}:{block.line}: needs {', '.join(missing)}")
        elif block.kind in ("write", "append"):
            target = self._folder / block.target
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "a" if block.kind == "append" else "w", encoding="utf-8") as file:
                file.write(block.text)
        elif block.kind == "console":
            for step in steps_of(self.path, block):
                self._run(block, step)

    def _run(self, block, step):
        line = block.line + step.first - 1
        code, output = self._execute(step.command)
        if code is None:
            self.wrong.append(Wrong(line, f"`{step.command}` took longer than {self.timeout:g} s"))
            return
        patterns = [loosened(each) for each in step.expected]
        if not expect.lines_match(patterns, output):
            self.wrong.append(Wrong(line, "\n".join([f"`{step.command}`", *difference("output", step.expected, output)])))
            kept = dict(zip(patterns, step.expected))
            self.fresh[line + 1, line + 1 + len(step.expected)] = [
                kept.get(each, each) for each in expect.rewritten(patterns, output)]
        elif code != 0:
            self.wrong.append(Wrong(line, f"`{step.command}` ended with {code}; where that is meant: ; echo \"exit $?\""))

    def _execute(self, command):
        """(exit code or None where it took too long, the lines a person would see)."""
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        process = subprocess.Popen(["/bin/sh", "-c", command], cwd=self._folder, env=self._environment,
                                   stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        output, end = b"", time.monotonic() + self.timeout
        try:
            while select.select([ours], [], [], max(0.0, end - time.monotonic()))[0]:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # How Linux says that nobody holds the other end.
                    piece = b""
                if not piece:
                    return process.wait(self.timeout), seen(output.decode("utf-8", "backslashreplace"))
                output += piece
            return None, []
        finally:
            os.close(ours)
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def seen(output):
    """What is left on the terminal: a progress bar is drawn over, and gone in the end."""
    lines = _DRAWN_OVER.sub("", output).replace("\r\x1b[K", "").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def programs(weir):
    """What the commands of a page find on their PATH, besides the machine's own."""
    return {"weir": weir, "python3": sys.executable}


def rewritten(text, fresh):
    """The page with what came in the place of what was expected; see Player.fresh."""
    lines = text.split("\n")
    for (first, end), output in sorted(fresh.items(), reverse=True):
        lines[first - 1 : end - 1] = output
    return "\n".join(lines)
