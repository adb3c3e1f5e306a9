"""The patterns of dial plans: how a phone compares an entered number with a rule (guide, "Dial Plan").

    .        one or more characters, whatever they are
    x        one character
    [2,5-8]  one character of a set; commas may part the set's members, a dash makes a range
    ( )      a group, which the replacement may name
    $1 … $9  in a replacement: what the group of this number matched

Everything else stands for itself. What the guide leaves open is settled by its examples:

* A rule has to fit the whole number, although a replace rule's part is called prefix: the guide's own file
  has the prefix `1` with a short dial's replacement beside the prefix `1009` with another one, and writes
  `0(.)` with `9$1` where the rest of the number is to be kept.
* `.` needs a character: `12.` fits `123`, and `12` is not among the guide's examples.
* The number behind `$` is one digit: in `9001$145$2` the guide reads `$1` and then `45`.

A pattern is compared in time proportional to its length times the number's: no pattern can stall a phone's
operator, whatever it is.
"""

from __future__ import annotations

from msgspec import Struct

#: Characters of the longest pattern that any key of the guide takes (dialplan.dialnow.rule.X).
MAX_LENGTH = 511

#: Signs that mean something in other pattern languages, and here stand for themselves.
FOREIGN = "|?^\\{}"


class BadPattern(ValueError):
    """A pattern or replacement that says nothing; the text names the place (from 1) and the fault."""


class _Piece(Struct, frozen=True):
    """One sign of a pattern: `repeated` for the dot, `characters` None for any."""

    characters: frozenset[str] | None
    repeated: bool = False


class Pattern(Struct, frozen=True):
    """A compiled pattern. A group is (first piece, piece behind its last), in the order of their `(`."""

    text: str
    pieces: tuple[_Piece, ...]
    groups: tuple[tuple[int, int], ...]

    def match(self, number: str) -> tuple[str, ...] | None:
        """What each group holds when the whole number fits, else None; a dot takes as much as it can."""
        fits = self._fits(number)
        if not fits[0][0]:
            return None
        starts = [0]
        place = 0
        for index, piece in enumerate(self.pieces):
            place += 1
            if piece.repeated:
                place = max(end for end in range(place, len(number) + 1) if fits[index + 1][end])
            starts.append(place)
        return tuple(number[starts[first] : starts[behind]] for first, behind in self.groups)

    def _fits(self, number: str) -> list[list[bool]]:
        """`[piece][place]`: whether the pieces from this one on fit the number from this place on."""
        length = len(number)
        following = [False] * length + [True]
        table = [following]
        for piece in reversed(self.pieces):
            row = [False] * (length + 1)
            for place in range(length - 1, -1, -1):
                if piece.characters is None or number[place] in piece.characters:
                    row[place] = following[place + 1] or (piece.repeated and row[place + 1])
            table.append(row)
            following = row
        table.reverse()
        return table


def read_pattern(text: str) -> Pattern:
    """Raises BadPattern."""
    if not text.strip():
        raise BadPattern("is blank")
    if len(text) > MAX_LENGTH:
        raise BadPattern(f"has {len(text)} characters, more than the {MAX_LENGTH} that a pattern may have")
    pieces: list[_Piece] = []
    groups: list[tuple[int, int]] = []
    open_groups: list[tuple[int, int]] = []  # (place in groups, place in the text)
    place = 0
    while place < len(text):
        sign = text[place]
        if sign == "[":
            end = _end_of_set(text, place)
            pieces.append(_Piece(_members(text[place + 1 : end], place)))
            place = end
        elif sign == "(":
            open_groups.append((len(groups), place))
            groups.append((len(pieces), -1))
        elif sign == ")":
            if not open_groups:
                raise BadPattern(f"has a ) without a ( at character {place + 1}")
            number, _ = open_groups.pop()
            first = groups[number][0]
            if first == len(pieces):
                raise BadPattern(f"has an empty group () at character {place}")
            groups[number] = (first, len(pieces))
        elif sign == "]":
            raise BadPattern(f"has a ] without a [ at character {place + 1}")
        elif sign in ".x":
            pieces.append(_Piece(None, repeated=sign == "."))
        else:
            pieces.append(_Piece(frozenset(sign)))
        place += 1
    if open_groups:
        raise BadPattern(f"has a ( without a ) at character {open_groups[-1][1] + 1}")
    return Pattern(text, tuple(pieces), tuple(groups))


def foreign_signs(text: str) -> str:
    """The signs in a pattern that other pattern languages give a meaning, each once."""
    return "".join(sign for sign in FOREIGN if sign in text)


def check_replacement(text: str, pattern: Pattern) -> None:
    """Raises BadPattern where a `$` names no group of the pattern."""
    for place, sign in enumerate(text):
        if sign != "$":
            continue
        digit = text[place + 1 : place + 2]
        if digit not in tuple("123456789"):
            raise BadPattern(f"has a $ without the number of a group, 1 to 9, at character {place + 1}")
        if int(digit) > len(pattern.groups):
            there = f"{len(pattern.groups)} groups" if len(pattern.groups) != 1 else "1 group"
            raise BadPattern(f"names group ${digit}, but the pattern {pattern.text!r} has {there}")


def replaced(text: str, groups: tuple[str, ...]) -> str:
    """The replacement with its groups filled in; it has passed `check_replacement`."""
    parts = text.split("$")
    return parts[0] + "".join(groups[int(part[0]) - 1] + part[1:] for part in parts[1:])


def _end_of_set(text: str, start: int) -> int:
    end = text.find("]", start)
    if end < 0:
        raise BadPattern(f"has a [ without a ] at character {start + 1}")
    return end


def _members(inside: str, start: int) -> frozenset[str]:
    """The characters of a set; `start` is where its bracket stands."""
    where = f"[{inside}] at character {start + 1}"
    members: set[str] = set()
    place = 0
    while place < len(inside):
        sign = inside[place]
        if sign == ",":
            place += 1
            continue
        if sign in "-[(":
            wrong = "a range without its first end" if sign == "-" else f"a {sign} inside"
            raise BadPattern(f"has {wrong}: {where}")
        if inside[place + 1 : place + 2] != "-":
            members.add(sign)
            place += 1
            continue
        last = inside[place + 2 : place + 3]
        if last in ("", ",", "-"):
            raise BadPattern(f"has a range without its last end: {where}")
        if ord(last) < ord(sign) or ord(last) - ord(sign) > 127:
            raise BadPattern(f"has the range {sign}-{last}, which does not run upwards: {where}")
        members.update(map(chr, range(ord(sign), ord(last) + 1)))
        place += 3
    if not members:
        raise BadPattern(f"has an empty set: {where}")
    return frozenset(members)
