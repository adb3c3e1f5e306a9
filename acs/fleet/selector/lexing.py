"""The words of a selector, each with its place."""

from __future__ import annotations

import re
from enum import Enum

from msgspec import Struct

from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.fields import ATTRIBUTE, JOINTS, KEYWORDS

#: Characters in a selector: far more than anybody writes by hand.
LONGEST = 4000

_BLANK = re.compile(r"\s+")
_OPERATOR = re.compile(r"!=|<=|>=|[=<>~]")
#: A word begins with no apostrophe, but may have one inside.
_WORD = re.compile(r"""[^\s()",=!<>~'][^\s()",=!<>~]*""")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"' + r"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Kind(Enum):
    WORD = "word"
    STRING = "string"
    OPERATOR = "operator"
    #: ( ) ,
    MARK = "mark"
    END = "end"


class Token(Struct, frozen=True):
    kind: Kind
    #: of a string, what it stands for
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these words, in either case and without quotes."""
        return self.kind is Kind.WORD and self.text.lower() in words

    def is_mark(self, mark: str) -> bool:
        return self.kind is Kind.MARK and self.text == mark

    @property
    def shown(self) -> str:
        """How an error speaks of it."""
        return "the end" if self.kind is Kind.END else f"{self.text!r}"


def tokens(text: str) -> list[Token]:
    """All words in order, the end as the last. Raises SelectorError."""
    if len(text) > LONGEST:
        raise SelectorError(text, LONGEST, f"a selector has at most {LONGEST} characters")
    found: list[Token] = []
    place = 0
    while place < len(text):
        if blank := _BLANK.match(text, place):
            place = blank.end()
            continue
        token, place = _next(text, place)
        found.append(token)
    return [*found, Token(Kind.END, "", len(text))]


def _next(text: str, place: int) -> tuple[Token, int]:
    letter = text[place]
    if letter in "(),":
        return Token(Kind.MARK, letter, place), place + 1
    if letter in "\"'":
        string = _STRING.match(text, place)
        if string is None:
            raise SelectorError(text, place, "this quotation mark is never closed", f"a closing {letter}")
        inner = string[1] if string[1] is not None else string[2]
        return Token(Kind.STRING, _ESCAPED.sub(r"\1", inner), place), string.end()
    if operator := _OPERATOR.match(text, place):
        return Token(Kind.OPERATOR, operator[0], place), operator.end()
    if word := _WORD.match(text, place):
        return Token(Kind.WORD, word[0], place), word.end()
    raise SelectorError(text, place, f"{letter!r} stands alone", "!=")


def quoted(text: str) -> str:
    """The text as a value: in quotation marks where it has to be."""
    plain = _WORD.fullmatch(text) and text.lower() not in JOINTS
    return text if plain else _in_marks(text)


def quoted_text(text: str) -> str:
    """The text as a bare word to search for, never taken for a field or a keyword."""
    lowered = text.lower()
    special = lowered in KEYWORDS or lowered.startswith(ATTRIBUTE)
    return _in_marks(text) if special else quoted(text)


def _in_marks(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
