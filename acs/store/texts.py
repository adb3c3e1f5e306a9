"""Words looked for in what the index says of all phones, a few thousand of them in one call.

Redis compares small letters, and lets a phone through whose text has others than ASCII: what it finds are
candidates, which the selector's own test decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from acs.fleet.attributes import read_mac
from acs.fleet.selector.expressions import And, Expression, Text
from acs.store import keyspace
from acs.store.calls import Call, Steps, script, scripted
from acs.store.candidates import Window
from acs.store.indexes import FACT, OTHER_LETTERS, PART

_FIND = script("index_texts")

#: Texts looked at in one call: about 4 ms of Redis's time.
LOOKED_AT = 5000

#: A word in its spellings, in small letters.
Word = tuple[str, ...]


def words(expression: Expression) -> list[Word]:
    """What must stand in the text of each phone that this means; none where nothing must."""
    match expression:
        case Text(text=text):
            word = _word(text)
            return [word] if word else []
        case And(parts=parts):
            return [word for part in parts for word in words(part)]
        case _:
            return []


def _word(text: str) -> Word:
    """Of a pattern, its longest piece."""
    piece = max(re.split(r"[*?]", text.casefold()), key=len)
    if not piece or not piece.isascii() or not piece.isprintable():
        return ()
    mac = read_mac(text)
    return (piece, mac) if mac and mac != piece else (piece,)


def count() -> Call[int]:
    """How many phones have a text."""
    return Call(("ZCARD", keyspace.INDEX_TEXTS), int)


def window(wanted: Sequence[Word], after: bytes, enough: int) -> Steps[Window]:
    """Candidates behind the id `after`, those of the next few thousand phones or the first so many."""
    arguments = (after, LOOKED_AT, enough, PART, chr(ord(PART) + 1), OTHER_LETTERS, FACT)
    spelled = [FACT.join(word) for word in wanted]
    call = scripted(_FIND, (keyspace.INDEX_TEXTS,), (*arguments, *spelled), list)
    [[last, *ids]] = yield [call]
    return Window(ids, bool(last), last)
