"""What tidy.py has to know of C++: text without comments and literals, includes, and functions."""
import bisect
import re

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|(?:u8|u|U|L)?R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n[^\n]*)*", re.MULTILINE)
_SCOPE = re.compile(r'^(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b', re.DOTALL)


def _blank(match):
    """The same number of lines and columns, and no word left."""
    text = match.group(0)
    if text.startswith("/"):
        return re.sub(r"[^\n]", " ", text)
    return '"' + re.sub(r"[^\n]", " ", text[1:-1]) + '"'


def without_words(text):
    """The code alone: comments and the insides of literals are blank; places do not move."""
    return _TOKENS.sub(_blank, text)


def without_comments(text):
    return _TOKENS.sub(lambda match: _blank(match) if match.group(0).startswith("/") else match.group(0), text)


class Lines:
    """Offsets to line numbers, from 1."""

    def __init__(self, text):
        self._starts = [0] + [match.end() for match in re.finditer("\n", text)]

    def number(self, offset):
        return bisect.bisect_right(self._starts, offset)


def includes(text):
    """[(line, "<" or '"', path)]"""
    lines, code = Lines(text), without_comments(text)
    return [(lines.number(m.start(1)), m.group(1), m.group(2)) for m in _INCLUDE.finditer(code)]


def functions(code):
    """[(first line, last line, name)] of the bodies in code without words.

    A brace opens a scope after namespace, class and so on; a function where the statement before it,
    in such a scope, has parameters; anything else (initialisers, blocks) is inside one of the two.
    """
    code = _DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), code)
    lines, found, open_braces, begin, parentheses = Lines(code), [], [], 0, 0
    for match in re.finditer(r"[{}();]", code):
        mark, at = match.group(0), match.start()
        if mark in "()":
            parentheses += 1 if mark == "(" else -1
        elif mark == "{":
            head = code[begin:at].strip()
            kind = _kind(head, open_braces, parentheses)
            start = begin + len(code[begin:at]) - len(code[begin:at].lstrip())
            open_braces.append((kind, start, _name(head), parentheses))
            if kind == "scope":
                begin = at + 1
        elif mark == "}" and open_braces:
            kind, start, name, parentheses = open_braces.pop()
            if kind == "function":
                found.append((lines.number(start), lines.number(at), name))
            if kind != "inner":
                begin = at + 1
        elif mark == ";" and not parentheses and all(outer[0] == "scope" for outer in open_braces):
            begin = at + 1
    return found


def _kind(head, open_braces, parentheses):
    if any(outer[0] != "scope" for outer in open_braces) or parentheses:
        return "inner"
    head = re.sub(r"^(?:(?:public|private|protected)\s*:\s*)+", "", head)
    if _SCOPE.match(head) and not re.search(r"\)\s*(?:const|noexcept|override|->.*)*$", head):
        return "scope"
    initialises_member = re.search(r"\)\s*(?:noexcept\s*)?:\s*\w.*\w$", head, re.DOTALL)
    if "(" in head and not head.endswith(("=", ",", "(")) and not initialises_member:
        return "function"
    return "inner"


def _name(head):
    named = re.search(r"([~\w:]+)\s*\(", head)
    if named and re.fullmatch(r"TEST(_F|_P)?", named.group(1)):
        return re.sub(r"\s+", " ", head)
    return named.group(1) if named else "?"
