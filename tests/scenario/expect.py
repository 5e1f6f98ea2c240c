"""Expected lines with wildcards: do they match, and how would they read after a rewrite?"""

import re

WILDCARDS = {
    "*": r".*?",
    "int": r"-?\d[\d,]*",
    "num": r"-?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?",
    "hex": r"[0-9a-f]+",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?",
    "duration": r"(?:\d+ min )?\d+(?:\.\d+)? (?:us|ms|s|min|h)",
    "bytes": r"\d+(?:\.\d+)? (?:B|KiB|MiB|GiB|TiB)",
}
ANY_LINES = "{{...}}"
_WILDCARD = re.compile(r"\{\{(\*|[a-z]+)\}\}")


def unknown_wildcards(line):
    return [w for w in _WILDCARD.findall(line) if w not in WILDCARDS]


def line_matches(expected, actual):
    if "{{" not in expected:
        return expected == actual
    pattern, at = "", 0
    for found in _WILDCARD.finditer(expected):
        pattern += re.escape(expected[at : found.start()])
        pattern += WILDCARDS.get(found.group(1), re.escape(found.group(0)))
        at = found.end()
    return re.fullmatch(pattern + re.escape(expected[at:]), actual) is not None


def lines_match(expected, actual):
    """Whether all of `actual` is said by `expected`; {{...}} stands for any number of lines."""
    reachable = {0}  # How many actual lines the expected ones so far may have used.
    for line in expected:
        if line == ANY_LINES:
            reachable = set(range(min(reachable), len(actual) + 1)) if reachable else set()
        else:
            reachable = {n + 1 for n in reachable if n < len(actual) and line_matches(line, actual[n])}
    return len(actual) in reachable


def rewritten(expected, actual):
    """`actual` as expected lines, keeping each old line (with its wildcards) that still matches."""
    if lines_match(expected, actual):
        return list(expected)
    pairs = _aligned(expected, actual)
    result, used, previous = [], 0, -1
    for i, j in pairs + [(len(expected), len(actual))]:
        between = expected[previous + 1 : i]
        if between == [ANY_LINES]:  # Both its neighbours still match: it still says "anything here".
            result.append(ANY_LINES)
        else:
            result.extend(actual[used:j])
        if i < len(expected):
            result.append(expected[i])
        used, previous = j + 1, i
    return result


def _aligned(expected, actual):
    """The longest list of (i, j), both growing, where expected[i] matches actual[j]."""
    rows, columns = len(expected), len(actual)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    match = [
        [e != ANY_LINES and line_matches(e, a) for a in actual] for e in expected
    ]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = best[i + 1][j + 1] + 1 if match[i][j] else 0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if match[i][j] and best[i][j] == best[i + 1][j + 1] + 1:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
