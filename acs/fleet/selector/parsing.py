"""From text to expression, by recursive descent. `not` binds closest, then `and`, then `or`.

selector = all_of { "or" all_of }
all_of   = one { "and" one }                  words to search for need no "and" between them
one      = "not" one | "(" selector ")" | term
term     = subject operator value | subject "in" ( "(" value { "," value } ")" | value )
         | "all" | "online" | "late" | "offline" | "drift" | "task" ended | word
subject  = field | "attr."NAME | "key" NAME | "parameter" NAME
"""

from __future__ import annotations

from difflib import get_close_matches

from msgspec import Struct

from acs.fleet.selector import values
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.expressions import (
    And,
    Comparison,
    Drift,
    Everything,
    Expression,
    Not,
    OneOf,
    Or,
    Reference,
    Subject,
    TaskEnded,
    Text,
)
from acs.fleet.selector.fields import ATTRIBUTE, ENDED, FIELDS, JOINTS, KEYWORDS, STATES, Field
from acs.fleet.selector.lexing import Kind, Token, tokens
from acs.fleet.selector.reading_values import read_listed, read_value

#: How deep parentheses and `not` may go.
DEEPEST = 50

_TERM = "a field, a word to search for, not or ("


class Query(Struct, frozen=True):
    """A selector as it was written and read. `references`: names of saved selectors, and where they stand."""

    text: str
    expression: Expression
    references: dict[str, int]


def parse(text: str) -> Query:
    """Raises SelectorError."""
    reader = _Reader(text)
    expression = reader.any_of(0)
    reader.expect_end()
    return Query(text, expression, reader.references)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._place = 0
        self.references: dict[str, int] = {}

    # --- joints -----------------------------------------------------------------------------------------

    def any_of(self, depth: int) -> Expression:
        parts = [self._all_of(depth)]
        while self._current.is_word("or"):
            self._take()
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while True:
            if self._current.is_word("and"):
                self._take()
            elif not (isinstance(parts[-1], Text) and self._searched(self._current)):
                break
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Expression:
        token = self._current
        if depth > DEEPEST:
            raise self._error(token, "this is nested too deeply", f"at most {DEEPEST} levels")
        if token.is_word("not"):
            self._take()
            return Not(self._one(depth + 1))
        if token.is_mark("("):
            self._take()
            inner = self.any_of(depth + 1)
            if not self._current.is_mark(")"):
                raise self._unexpected(self._current, "and, or or the closing )")
            self._take()
            return inner
        return self._term()

    def expect_end(self) -> None:
        if self._current.kind is not Kind.END:
            raise self._unexpected(self._current, "and, or or the end")

    # --- terms ------------------------------------------------------------------------------------------

    def _term(self) -> Expression:
        token = self._take()
        if token.kind is Kind.STRING:
            self._no_operator_after(token, "a field has no quotation marks")
            if not token.text.strip():
                raise self._error(token, "there is nothing to search for", _TERM)
            return Text(token.text)
        if token.kind is not Kind.WORD or token.is_word(*JOINTS):
            raise self._unexpected(token, _TERM)
        word = token.text.lower()
        if word in FIELDS or word.startswith(ATTRIBUTE):
            return self._about(token, word)
        if word == "task":
            return self._task()
        suggestion = next(iter(get_close_matches(word, FIELDS, 1)), "")
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        self._no_operator_after(token, f"there is no field {token.text!r}{hint}", ", ".join(FIELDS))
        if word in STATES:
            return Comparison(Subject("state"), "=", word)
        if word == "drift":
            return Drift()
        return Everything() if word == "all" else Text(token.text)

    def _task(self) -> Expression:
        token = self._take()
        if not token.is_word(*ENDED):
            raise self._unexpected(token, "failed or expired", 'after "task"')
        return TaskEnded(token.text.lower())

    def _about(self, token: Token, word: str) -> Expression:
        """A term that begins with a field."""
        subject, field = self._subject(token, word)
        after = f"after {self._text[token.at : self._end_of_last].rstrip()!r}"
        operators = (*field.operators, "in") if field.listed else field.operators
        operator = self._take()
        if operator.is_word("in") and field.listed:
            return OneOf(subject, self._list(field))
        if operator.kind is not Kind.OPERATOR or operator.text not in field.operators:
            raise self._unexpected(operator, " ".join(operators), after)
        value = self._take()
        if value.kind not in (Kind.WORD, Kind.STRING) or value.is_word(*JOINTS):
            raise self._unexpected(value, "a value", f"after {operator.text!r}")
        if subject.field == "selector":
            self.references.setdefault(value.text, value.at)
            return Reference(value.text)
        ago = value.kind is Kind.WORD and values.duration(value.text) is not None and self._takes_ago()
        return Comparison(subject, operator.text, read_value(self._text, field, operator.text, value, ago))

    def _subject(self, token: Token, word: str) -> tuple[Subject, Field]:
        if word.startswith(ATTRIBUTE):
            name = token.text[len(ATTRIBUTE) :]
            if not name:
                raise self._error(token, "the attribute has no name", "attr.NAME")
            return Subject("attr", name), FIELDS["attr"]
        field = FIELDS[word]
        if word == "attr":
            raise self._error(token, "the attribute has no name", "attr.NAME")
        if not field.named:
            return Subject(word), field
        name_token = self._take()
        if name_token.kind not in (Kind.WORD, Kind.STRING) or not name_token.text:
            raise self._unexpected(name_token, f"the name of a {word}", f"after {word!r}")
        return Subject(word, name_token.text), field

    def _list(self, field: Field) -> tuple[str, ...]:
        if not self._current.is_mark("("):
            token = self._take()
            if token.kind not in (Kind.WORD, Kind.STRING) or token.is_word(*JOINTS):
                raise self._unexpected(token, "a value or (", "after 'in'")
            return (read_listed(self._text, field, token),)
        self._take()
        found: list[str] = []
        while True:
            token = self._take()
            if token.kind not in (Kind.WORD, Kind.STRING) or token.is_word(*JOINTS):
                raise self._unexpected(token, "a value")
            found.append(read_listed(self._text, field, token))
            mark = self._take()
            if mark.is_mark(")"):
                return tuple(found)
            if not mark.is_mark(","):
                raise self._unexpected(mark, ", or the closing )")

    # --- words ------------------------------------------------------------------------------------------

    @property
    def _current(self) -> Token:
        return self._tokens[self._place]

    @property
    def _end_of_last(self) -> int:
        return self._current.at

    def _take(self) -> Token:
        token = self._current
        if token.kind is not Kind.END:
            self._place += 1
        return token

    def _takes_ago(self) -> bool:
        there = self._current.is_word("ago")
        if there:
            self._take()
        return there

    def _searched(self, token: Token) -> bool:
        """Whether this is a bare word to search for."""
        if token.kind is Kind.STRING:
            return True
        word = token.text.lower()
        return token.kind is Kind.WORD and word not in KEYWORDS and not word.startswith(ATTRIBUTE)

    def _no_operator_after(self, token: Token, message: str, expected: str = "") -> None:
        if self._current.kind is Kind.OPERATOR:
            raise self._error(token, message, expected)

    def _unexpected(self, token: Token, expected: str, where: str = "") -> SelectorError:
        place = f" {where}" if where else ""
        return self._error(token, f"found {token.shown}{place}", expected)

    def _error(self, token: Token, message: str, expected: str = "") -> SelectorError:
        return SelectorError(self._text, token.at, message, expected)
