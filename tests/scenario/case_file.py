"""Reads a scenario file into steps, and writes it back with other expectations."""

import dataclasses
import difflib
import re

from . import expect

# Verbs that carry content lines ("| ..."), and those that may be followed by a ---- block.
CONTENT_VERBS = {"file", "bytes", "append", "append-bytes", "python", "run", "run!", "kill-at", "start"}
CHECKED_VERBS = {"run", "run!", "kill-at", "python", "stop"}
VERBS = CONTENT_VERBS | CHECKED_VERBS | {"remove", "mkdir", "copy", "env", "wait-for"}
_VERB_LINE = re.compile(r"(%s)(?: |$)" % "|".join(re.escape(v) for v in sorted(VERBS, key=len, reverse=True)))
_HEADER = re.compile(r"# ?(what|needs|timeout|issue): *(.*)")


class CaseError(Exception):
    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: {message}")


@dataclasses.dataclass
class Expectation:
    first: int  # Index of the `----` line in the file.
    end: int  # Index after the last line of the block.
    exit_code: int | None = 0  # None: any.
    stdout: list = dataclasses.field(default_factory=list)
    stderr: list | None = None  # None: not looked at.


@dataclasses.dataclass
class Step:
    verb: str
    argument: str
    line: int  # From 1.
    content: list = dataclasses.field(default_factory=list)
    expectation: Expectation | None = None

    @property
    def text(self):
        return "".join(line + "\n" for line in self.content)

    @property
    def raw_bytes(self):
        """Content of `bytes`: escapes as in Python, no line end but those written."""
        text = "".join(self.content)
        return text.encode("utf-8").decode("unicode_escape").encode("latin-1") if text.isascii() else _mixed(text)


def _mixed(text):
    pieces = re.split(r"((?:[^\x00-\x7f])+)", text)
    return b"".join(
        p.encode("utf-8") if not p.isascii() else p.encode().decode("unicode_escape").encode("latin-1") for p in pieces
    )


@dataclasses.dataclass
class Case:
    path: str
    lines: list
    headers: dict
    steps: list

    def with_expectations(self, fresh):
        """The file's text with the blocks of `fresh` ({step index: Expectation}) in their places."""
        lines = list(self.lines)
        for index in sorted(fresh, reverse=True):
            old = self.steps[index].expectation
            any_exit = self.steps[index].verb in ("run!", "kill-at")
            lines[old.first : old.end] = block_lines(fresh[index], any_exit)
        return "\n".join(lines) + "\n"


def block_lines(expectation, any_exit):
    lines = ["----" if any_exit else f"---- {expectation.exit_code}"]
    lines += _escaped(expectation.stdout)
    if expectation.stderr is not None:
        lines += ["stderr:"] + _escaped(expectation.stderr)
    return lines


def _escaped(lines):
    """Lines that could be taken for something else get a backslash before them."""
    result = []
    for i, line in enumerate(lines):
        special = line.startswith(("\\", "----", "#", "stderr:")) or _VERB_LINE.match(line)
        blank_end = line == "" and all(rest == "" for rest in lines[i:])
        result.append("\\" + line if special or blank_end else line)
    return result


def parse(path, text):
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    headers, steps, at = {}, [], 0
    while at < len(lines):
        line = lines[at]
        if header := _HEADER.match(line):
            headers[header.group(1)] = header.group(2).strip()
        if not line.strip() or line.startswith("#"):
            at += 1
            continue
        step, at = _parse_step(path, lines, at)
        steps.append(step)
    if not headers.get("what"):
        raise CaseError(path, 1, "the file must say what it shows: # what: ...")
    if not any(step.verb in CHECKED_VERBS for step in steps):
        raise CaseError(path, len(lines), "nothing is run or checked")
    return Case(path, lines, headers, steps)


def _parse_step(path, lines, at):
    found = _VERB_LINE.match(lines[at])
    if not found:
        word = lines[at].split(" ")[0]
        near = difflib.get_close_matches(word, VERBS, 1)
        raise CaseError(path, at + 1, f"unknown verb '{word}'" + (f": did you mean '{near[0]}'?" if near else ""))
    step = Step(found.group(1), lines[at][found.end() :].strip(), at + 1)
    if not step.argument and step.verb != "python":
        raise CaseError(path, at + 1, f"'{step.verb}' of what?")
    at += 1
    while at < len(lines) and lines[at].startswith("|"):
        if step.verb not in CONTENT_VERBS:
            raise CaseError(path, at + 1, f"'{step.verb}' takes no content")
        line = lines[at][1:]
        step.content.append(line[1:] if line.startswith(" ") else line)
        at += 1
    if at < len(lines) and lines[at].startswith("----"):
        if step.verb not in CHECKED_VERBS:
            raise CaseError(path, at + 1, f"'{step.verb}' has no output to expect")
        step.expectation, at = _parse_expectation(path, lines, at, step.verb)
    return step, at


def _parse_expectation(path, lines, at, verb):
    code = lines[at][4:].strip()
    if not re.fullmatch(r"-?\d*", code) or (code and verb in ("run!", "kill-at")):
        raise CaseError(path, at + 1, "---- is followed by an exit code, for `run!` and `kill-at` by nothing")
    block = Expectation(first=at, end=at, exit_code=None if verb == "run!" else int(code or 0))
    at += 1
    into = block.stdout
    while at < len(lines):
        line = lines[at]
        if line == "" and _ends_block(lines, at):
            break
        if unknown := expect.unknown_wildcards(line):
            raise CaseError(path, at + 1, "unknown wildcard {{%s}}" % unknown[0])
        if line == "stderr:" and block.stderr is None:
            into = block.stderr = []
        else:
            into.append(line[1:] if line.startswith("\\") else line)
        at += 1
    block.end = at
    return block, at


def _ends_block(lines, at):
    """A blank line ends the block where a verb, a comment or the end of the file follows."""
    while at < len(lines) and lines[at] == "":
        at += 1
    return at == len(lines) or lines[at].startswith("#") or _VERB_LINE.match(lines[at]) is not None
