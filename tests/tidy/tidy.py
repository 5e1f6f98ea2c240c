#!/usr/bin/env python3
"""The rules of the house that a machine can check: `./dev tidy` (tests/tidy/tidy.py [ROOT]).

Prints `path:line: rule: what to do`, errors first; notes do not fail. There is no list of
exceptions: a rule that is wrong is changed here. tidy_test.py shows of each rule that it can fail.
"""
import collections
import functools
import os
import pathlib
import re
import sys

import cpp

Finding = collections.namedtuple("Finding", "path line rule message is_error", defaults=(True,))

LIMITS = {"file": (400, 800), "header": (150, 200), "function": (70, 70), "readme": (40, 40)}
SKIPPED_FOLDERS = {"build", ".git", ".weir", "lake", "node_modules", "__pycache__", ".cache", "dist"}
RETIRED_WORDS = {"manager", "helper", "util", "handler", "processor", "job", "quarantine"}
ROOMS_WITH_KINDS = {"source", "sink"}

# A header of a library, and the one room that may include it. Others go through the room's face.
OWNERS = [
    (r"duckdb(\.h|\.hpp|/.*)", "engine"),
    (r"boost/(beast|asio)(\.hpp|/.*)", "net"),
    (r"sqlite3(ext)?\.h", "catalog"),
    (r"libpq-fe\.h|postgresql/.*", "postgres"),
    (r"yaml-cpp/.*", "config"),
    (r"spdlog/.*", "telemetry"),
    (r"CLI/.*", "cli"),
    (r"arrow/filesystem/s3.*|aws/.*", "storage"),
]
# Heavy enough that a face with them slows every room above it.
HEAVY = re.compile(r"arrow/(api|compute/api|dataset/api)\.h|parquet/.*|boost/.*|duckdb\.h|sqlite3\.h|nlohmann/json\.hpp|simdjson\.h")

# (pattern, where it is allowed, what to use). Tests may print and touch files.
BANNED = [
    (r"\bstd::w?(?:regex|smatch|cmatch)\b", (), "a parser of its own or simple matching: std::regex overflows the stack on long input"),
    (r"\b(?:v?sprintf|strcpy|strcat|strtok|gets)\s*\(", (), "fmt::format or std::string: these write past their end"),
    (r"\b(?:atoi|atol|atoll|atof)\s*\(|\bstd::sto(?:i|l|ll|ul|ull|f|d)\s*\(", ("test",), "std::from_chars: these hide errors or throw"),
    (r"\.\s*detach\s*\(\s*\)", (), "a thread that is joined: a detached one outlives what it uses"),
    (r"(?<![\w.>])(?:std::)?(?:system|popen)\s*\(", ("test",), "posix_spawn with an argument list: a shell reads user data as code"),
    (r"(?<![\w.>])(?:std::)?s?rand\s*\(|\bstd::(?:random_device|default_random_engine)\b", ("env",), "env/random.h: runs must be repeatable from a seed"),
    (r"\bstd::mt19937(?:_64)?\b", ("env", "test"), "env/random.h: runs must be repeatable from a seed"),
    (r"\bsystem_clock::now\b|(?<![\w.>:])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0|&)|\b(?:gettimeofday|clock_gettime|localtime|gmtime)\s*\(", ("env",), "env/clock.h: time is injected"),
    (r"\bstd::(?:cout|cerr|clog)\b|(?<![\w.:>])(?:std::)?(?:printf|puts|putchar)\s*\(", ("cli", "app", "test"), "telemetry/ for events, a Result for failures"),
    (r"\bfilesystem::(?:create_director(?:y|ies)|remove|remove_all|rename|resize_file|copy|copy_file|create_symlink|permissions)\s*\(|\bstd::(?:basic_)?(?:o|)fstream\b|(?<![\w.:>])(?:std::)?fopen\s*\(", ("env", "test"), "env/files.h: it syncs, names errors, and can be made to fail"),
    (r"(?<![\w.>])assert\s*\(", (), "WEIR_CHECK: assert is gone in a release"),
    (r"\b(?:strerror|setenv|unsetenv|putenv)\s*\(", ("env", "app", "test"), "env/: not safe with threads"),
]
BANNED = [(re.compile(pattern), allowed, instead) for pattern, allowed, instead in BANNED]


class Tree:
    """The files of the project, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
            self.paths += [(pathlib.Path(folder) / file).relative_to(self.root).as_posix() for file in sorted(files)]
        self.ranks = {}
        for line in self.text("src/layers.txt").splitlines() if "src/layers.txt" in self.paths else []:
            words = line.split("#")[0].split()
            if len(words) == 2:
                self.ranks[words[0]] = int(words[1])

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return (self.root / path).read_text(errors="replace")

    @functools.lru_cache(maxsize=None)
    def code(self, path):
        return cpp.without_words(self.text(path))

    def sources(self):
        return [path for path in self.paths if path.startswith("src/") and path.endswith((".h", ".cc"))]

    def rooms(self):
        return sorted({path.split("/")[1] for path in self.paths if path.count("/") > 1 and path.startswith("src/")})

    def room_files(self, room, ending):
        return [path for path in self.paths if path.startswith(f"src/{room}/") and path.endswith(ending)]


def room_of(path):
    return path.split("/")[1]


def is_test(path):
    return path.endswith(("_test.cc", "_fuzz.cc", "_test_internal.h", "_test_internal.cc")) or path.startswith(("src/testing/", "tests/"))


def lines_of(text):
    return text.count("\n") + (not text.endswith("\n") and text != "")


def check_layers(tree):
    """Every include goes down the ranks of src/layers.txt."""
    for room in tree.rooms():
        if room not in tree.ranks and room != "testing":
            yield Finding(f"src/{room}", 1, "layers", "this room has no rank in src/layers.txt")
    for path in tree.sources():
        if "/" not in path[4:]:
            continue
        for line, _, target in cpp.includes(tree.text(path)):
            if "/" in target and target.split("/")[0] in {*tree.ranks, "testing"}:
                yield from _check_include(tree, path, line, target)
            elif (tree.root / path).parent.joinpath(target).exists():
                yield Finding(path, line, "layers", f"{target}: an include of ours is written from src/, as in \"base/result.h\"")


def _check_include(tree, path, line, target):
    room, other = room_of(path), target.split("/")[0]
    if target.endswith("_internal.h") and other != room:
        yield Finding(path, line, "internal", f"{target} is private to {other}/; use its face")
    if room == "testing" or other == room:
        yield from _check_kinds(path, line, target)
    elif other == "testing":
        if not is_test(path):
            yield Finding(path, line, "layers", "testing/ is for *_test.cc and *_fuzz.cc alone")
    elif tree.ranks[other] >= tree.ranks.get(room, -1):
        yield Finding(path, line, "layers", f"{room} (rank {tree.ranks.get(room)}) includes {other} (rank "
                      f"{tree.ranks[other]}): include lower rooms only; declare the interface here and let app/ plug it in")


def _check_kinds(path, line, target):
    mine, theirs = path[4:].split("/"), target.split("/")
    if mine[0] in ROOMS_WITH_KINDS and mine[0] == theirs[0] and len(mine) > 2 and len(theirs) > 2 and mine[1] != theirs[1]:
        yield Finding(path, line, "kinds", f"{mine[0]}/{mine[1]} includes {theirs[0]}/{theirs[1]}: kinds do not know each other")


def room_declaration(text):
    """{keyword: [words]} of the weir_room(...) of a CMakeLists.txt, or None."""
    text = re.sub(r"#[^\n]*", "", text)
    found = re.search(r"\bweir_room\s*\(([^)]*)\)", text)
    if not found:
        return None
    words, sections, keyword = found.group(1).split(), {"NAME": []}, "NAME"
    for word in words:
        if re.fullmatch(r"SOURCES|DEPS|LIBS|TESTS|SLOW_TESTS|TEST_LIBS|FUZZERS", word):
            keyword = word
        sections.setdefault(keyword, []).append(word) if word != keyword else sections.setdefault(keyword, [])
    return sections


def check_links(tree):
    """The links of a room's library are the rooms that its sources include, all of lower rank."""
    for room in tree.rooms():
        path = f"src/{room}/CMakeLists.txt"
        declared = room_declaration(tree.text(path)) if path in tree.paths else None
        if declared is None:
            continue
        deps = set(declared.get("DEPS", []))
        for dep in sorted(deps):
            if dep not in tree.ranks or tree.ranks[dep] >= tree.ranks.get(room, -1):
                yield Finding(path, 1, "links", f"DEPS names {dep}, which is not of lower rank than {room}")
        used = {target.split("/")[0] for file in tree.room_files(room, (".h", ".cc")) if not is_test(file)
                for _, quote, target in cpp.includes(tree.text(file)) if quote == '"'}
        for other in sorted((used & set(tree.ranks)) - deps - {room}):
            yield Finding(path, 1, "links", f"{room} includes {other} but DEPS does not name it")


def check_owned(tree):
    """Every source file is part of a target, and every name in a CMakeLists.txt is a file."""
    for room in tree.rooms():
        text = "\n".join(re.sub(r"#[^\n]*", "", tree.text(path)) for path in tree.room_files(room, "CMakeLists.txt"))
        named = set(re.findall(r"[\w./-]+\.cc\b", text))
        for path in tree.room_files(room, ".cc"):
            inside = path.removeprefix(f"src/{room}/")
            if inside not in named and inside.split("/")[-1] not in named:
                yield Finding(path, 1, "dead-file", f"no target of src/{room}/CMakeLists.txt names this file")


def check_libraries(tree):
    """One room per third-party library that has a face of ours."""
    for path in tree.sources():
        room = room_of(path)
        for line, quote, target in cpp.includes(tree.text(path)):
            if room == "base" and quote == "<" and ("/" in target or target.endswith(".hpp")) and not is_test(path) and not target.startswith("sys/"):
                yield Finding(path, line, "libraries", f"{target}: base/ stands on the standard library only")
            for pattern, owner in OWNERS:
                if re.fullmatch(pattern, target) and room != owner:
                    yield Finding(path, line, "libraries", f"{target} belongs to {owner}/; go through its face")
            if path.endswith(".h") and not path.endswith("_internal.h") and not is_test(path) and HEAVY.fullmatch(target):
                yield Finding(path, line, "heavy-header", f"{target} in a face: declare ahead (arrow/type_fwd.h) and include it in the source", False)


def check_lengths(tree):
    for path in tree.sources():
        kind = "header" if path.endswith(".h") else "file"
        yield from _over(path, 1, kind, "this " + kind, lines_of(tree.text(path)))
        for first, last, name in cpp.functions(tree.code(path)):
            yield from _over(path, first, "function", name, last - first + 1)


def _over(path, line, kind, name, length):
    soft, hard = LIMITS[kind]
    if length > hard:
        yield Finding(path, line, f"{kind}-length", f"{name} has {length} lines; the limit is {hard}: split it by what its parts are for")
    elif length > soft:
        yield Finding(path, line, f"{kind}-length", f"{name} has {length} lines; more than {soft} is seldom right", False)


def check_calls(tree):
    for path in tree.sources():
        code = tree.code(path)
        lines = cpp.Lines(code)
        for pattern, allowed, instead in BANNED:
            if room_of(path) in allowed or ("test" in allowed and is_test(path)):
                continue
            for match in pattern.finditer(code):
                yield Finding(path, lines.number(match.start()), "banned", f"{match.group(0).strip(' (')}: use {instead}")
        if path.endswith(".h"):
            for match in re.finditer(r"\busing\s+namespace\b", code):
                yield Finding(path, lines.number(match.start()), "banned", "using namespace in a header: name what is used")
            if not re.search(r"^#pragma once$", code, re.MULTILINE):
                yield Finding(path, 1, "pragma-once", "a header begins with #pragma once")


def check_readmes(tree):
    for room in tree.rooms():
        path = f"src/{room}/README.md"
        if path not in tree.paths:
            yield Finding(path, 1, "readme", "a room says its purpose, what is deliberately absent, and its invariants")
        elif lines_of(tree.text(path)) > LIMITS["readme"][1]:
            yield Finding(path, 1, "readme", f"{lines_of(tree.text(path))} lines; a room's README is under {LIMITS['readme'][1]}")


def check_markdown(tree):
    """Relative links lead to a file, and to a heading where they name one."""
    for path in tree.paths:
        if not path.endswith(".md"):
            continue
        text = re.sub(r"^(```|~~~).*?^\1[ \t]*$", lambda m: re.sub(r"[^\n]", "", m.group(0)), tree.text(path), flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r"`[^`\n]*`", lambda m: " " * len(m.group(0)), text)
        lines = cpp.Lines(text)
        for match in re.finditer(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", text):
            problem = _dead_link(tree, path, match.group(1))
            if problem:
                yield Finding(path, lines.number(match.start()), "dead-link", problem)


def _dead_link(tree, path, link):
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return None
    target, _, anchor = link.partition("#")
    place = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
    if not (tree.root / place).exists():
        return f"{link} leads nowhere"
    if anchor and place.endswith(".md") and anchor not in _anchors(tree.text(place)):
        return f"{link}: {place} has no heading #{anchor}"
    return None


def _anchors(text):
    headings = re.findall(r"^#+[ \t]+(.+?)[ \t]*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_paths(tree):
    for path in tree.paths:
        words = set(re.split(r"[^a-z]+", path.lower()))
        for word in sorted(RETIRED_WORDS & (words | {word.removesuffix("s") for word in words})):
            yield Finding(path, 1, "retired-word", f"{word} says nothing about what is inside; name the thing")


RULES = [check_layers, check_links, check_owned, check_libraries, check_lengths, check_calls,
         check_readmes, check_markdown, check_paths]


def findings(root):
    tree = Tree(root)
    return sorted({finding for rule in RULES for finding in rule(tree)}, key=lambda f: (not f.is_error, f))


def main(arguments):
    root = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    found = findings(root)
    for finding in found:
        print(f"{finding.path}:{finding.line}: {'' if finding.is_error else 'note: '}{finding.rule}: {finding.message}")
    errors = sum(finding.is_error for finding in found)
    print(f"tidy: {errors} errors, {len(found) - errors} notes")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
