"""Making XML of what is nearly XML, in one pass over its text.

Phones build their messages with printf. What comes of it and has a clear meaning is mended here: characters
that XML does not allow, `&` and `<` left bare in values, end tags with attributes, tags never closed,
prefixes never declared, attributes without quotes, junk round the document (quirks 43 and 45). The text is
cut into tags and the text between them; a tag that opens nothing CWMP knows and is never closed is text.

The pass is linear: no expression here looks further than the next `<`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from acs.cwmp.layout import CONTAINERS, KNOWN_ELEMENTS, LEAVES

#: Open elements at which mending is given up; far above any message, far below what would cost memory.
_DEEPEST = 200

#: `<` and `&` in a text that is mended, of which each costs a step in Python: those of 300,000
#: parameters. With more, other phones would wait for seconds.
_MOST_MARKS = 2_000_000

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?:(?:amp|lt|gt|quot|apos|#(?P<ten>[0-9]{1,8})|#[xX](?P<hex>[0-9a-fA-F]{1,8}));)?")
_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*(?::[A-Za-z_][A-Za-z0-9_.\-]*)?"
_TAG = re.compile(
    rf"<(?:/\s*(?P<end>{_NAME})[^<>]*|(?P<start>{_NAME})(?P<rest>(?:[\s/](?:\"[^\"<]*\"|'[^'<]*'|[^<>\"'])*)?))>"
)
#: It begins where a word does: else a long word would be looked through from each of its letters.
_ATTRIBUTE = re.compile(
    rf"(?<![A-Za-z0-9_.\-])(?P<name>{_NAME})\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'/]+))"
)
_SKIPPED = (("<!--", "-->"), ("<?", "?>"))

#: Namespaces of prefixes that were used and not declared, by what the prefix looks like.
_USUAL_NAMESPACES = (
    ("cwmp", "urn:dslforum-org:cwmp-1-0"),
    ("enc", "http://schemas.xmlsoap.org/soap/encoding/"),
    ("soap", "http://schemas.xmlsoap.org/soap/envelope/"),
    ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ("xs", "http://www.w3.org/2001/XMLSchema"),
)


class BeyondRepair(Exception):
    """Nothing that could be a message; `reason` says why in one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Open(NamedTuple):
    name: str
    position: int  # of its start tag among the pieces


def mend(text: str, repairs: list[str]) -> str:
    """Well-formed XML with the document's meaning; what was done is added to `repairs`."""
    allowed = _FORBIDDEN.sub("", text)
    if len(allowed) != len(text):
        repairs.append("control characters were left out")
    begin = allowed.find("<")
    if begin < 0:
        raise BeyondRepair(f"the body is not XML: it begins with {text[:40]!a}")
    if allowed.count("<") + allowed.count("&") > _MOST_MARKS:
        raise BeyondRepair(f"the body is not XML, and has more than {_MOST_MARKS} '<' and '&' to look at")
    if allowed[:begin].strip("\ufeff \t\r\n"):
        repairs.append("text before the document was left out")
    return _Mender(allowed, repairs).run(begin)


class _Mender:
    """One run over one text. `pieces` is the mended document so far, `open` the elements not yet closed."""

    def __init__(self, text: str, repairs: list[str]) -> None:
        self.text = text
        self.repairs = repairs
        self.pieces: list[str] = []
        self.open: list[_Open] = []
        self.used: set[str] = set()
        self.declared: set[str] = {"xml", "xmlns"}
        self.root_end = 0  # where in the root's start tag a declaration can be put
        self.missing: set[str] = set()  # closing marks that the rest of the text no longer has

    def run(self, position: int) -> str:
        """Mend from the first `<` on."""
        text = self.text
        while position < len(text):
            bracket = text.find("<", position)
            if bracket < 0:
                bracket = len(text)
            self._text(text[position:bracket])
            if bracket == len(text):
                break
            position = self._markup(bracket)
            if self.pieces and not self.open:
                if text[position:].strip():
                    self.note("text after the document was left out")
                break
        if not self.pieces:
            raise BeyondRepair(f"the body is not XML: it begins with {text[:40]!a}")
        if self.open:
            self._finish_broken_off()
        self._declare_prefixes()
        return "".join(self.pieces)

    def note(self, sentence: str) -> None:
        if sentence not in self.repairs:
            self.repairs.append(sentence)

    def _markup(self, at: int) -> int:
        """Take what begins with the `<` here; the position after it."""
        text = self.text
        for opening, closing in _SKIPPED:
            if text.startswith(opening, at):
                end = self._find(closing, at)
                if end >= 0:
                    return end + len(closing)
        if text.startswith("<![CDATA[", at):
            end = self._find("]]>", at)
            if end >= 0:
                self._literal(text[at : end + 3])
                return end + 3
        if text[at : at + 9].upper() == "<!DOCTYPE" or text.startswith("<!ENTITY", at):
            raise BeyondRepair("the document has a DTD (<!DOCTYPE), which is refused")
        tag = _TAG.match(text, at)
        if tag is None:
            self._bare_bracket()
            return at + 1
        if tag["end"]:
            self._end_tag(tag["end"], tag[0])
        else:
            self._start_tag(tag["start"], tag["rest"])
        return tag.end()

    def _find(self, closing: str, at: int) -> int:
        if closing in self.missing:
            return -1
        end = self.text.find(closing, at)
        if end < 0:
            self.missing.add(closing)
        return end

    def _text(self, text: str) -> None:
        if self.open and text:
            self.pieces.append(self._references(text).replace("]]>", "]]&gt;"))

    def _literal(self, section: str) -> None:
        if self.open:
            self.pieces.append(section)

    def _bare_bracket(self) -> None:
        if self.open:
            self.pieces.append("&lt;")
            self.note("a bare '<' in a value was taken as text")

    def _references(self, text: str) -> str:
        return _REFERENCE.sub(self._reference, text) if "&" in text else text

    def _reference(self, found: re.Match[str]) -> str:
        if found[0] == "&":
            self.note("a bare '&' was taken as text")
            return "&amp;"
        digits = found["ten"] or found["hex"]
        if not digits:
            return found[0]
        code = int(digits, 10 if found["ten"] else 16)
        if code > 0x10FFFF or _FORBIDDEN.match(chr(code)):
            self.note("references to control characters were left out")
            return ""
        return f"&#{code};"

    def _start_tag(self, name: str, rest: str) -> None:
        empty = rest.endswith("/")
        attributes: dict[str, str] = {}
        for found in _ATTRIBUTE.finditer(rest):
            given = found["double"] or found["single"] or found["bare"] or ""
            attributes.setdefault(found["name"], self._references(given).replace('"', "&quot;"))
        self._note_prefixes(name, attributes)
        if self.open and _known(name) and _local(self.open[-1].name) in LEAVES:
            self._settle(self.open.pop())
        if not self.open:
            self.root_end = len(name) + 1
        self.pieces.append(
            f"<{name}"
            + "".join(f' {key}="{given}"' for key, given in attributes.items())
            + ("/>" if empty else ">")
        )
        if not empty:
            self.open.append(_Open(name, len(self.pieces) - 1))
            if len(self.open) > _DEEPEST:
                raise BeyondRepair("the document nests too deep")

    def _note_prefixes(self, name: str, attributes: dict[str, str]) -> None:
        for qualified in (name, *attributes):
            prefix, colon, local = qualified.partition(":")
            if prefix == "xmlns" and colon:
                self.declared.add(local)
            elif colon:
                self.used.add(prefix)

    def _end_tag(self, name: str, written: str) -> None:
        wanted = name.lower()
        depth = next(
            (i for i in range(len(self.open) - 1, -1, -1) if self.open[i].name.lower() == wanted), None
        )
        if written != f"</{name}>" and written.rstrip("> \t\r\n") != f"</{name}":
            self.note(f"the end tag {written[:60]!a} was taken as </{name}>")
        if depth is None:
            if not self.open:
                return
            if _known(name):
                self.note(f"an end tag </{name}> that closes nothing was left out")
            else:
                self.pieces.append(written.replace("<", "&lt;"))
                self.note("markup in a value was taken as text")
            return
        for unclosed in reversed(self.open[depth + 1 :]):
            self._settle(unclosed)
        self.pieces.append(f"</{self.open[depth].name}>")
        del self.open[depth:]

    def _settle(self, unclosed: _Open) -> None:
        """An element whose parent ends before it does: a forgotten end tag, or no tag at all."""
        if _known(unclosed.name):
            self.note(f"<{unclosed.name}> was never closed")
            self.pieces.append(f"</{unclosed.name}>")
        else:
            self.note("markup in a value was taken as text")
            tag = self.pieces[unclosed.position]
            self.pieces[unclosed.position] = self._escaped(tag)

    @staticmethod
    def _escaped(tag: str) -> str:
        return tag.replace("<", "&lt;")

    def _finish_broken_off(self) -> None:
        """The text ended inside the document: keep what was whole, drop the item it broke off in."""
        self.note("the document breaks off before its end; its last item was left out")
        for depth, element in enumerate(self.open):
            if _local(element.name) not in CONTAINERS:
                del self.pieces[element.position :], self.open[depth:]
                break
        self.pieces += [f"</{element.name}>" for element in reversed(self.open)]
        if not self.pieces:
            raise BeyondRepair("the document breaks off before its end")

    def _declare_prefixes(self) -> None:
        undeclared = sorted(self.used - self.declared)
        if not undeclared:
            return
        self.note("prefixes used without a declaration: " + ", ".join(undeclared))
        declarations = "".join(f' xmlns:{prefix}="{_usual_namespace(prefix)}"' for prefix in undeclared)
        root = self.pieces[0]
        self.pieces[0] = root[: self.root_end] + declarations + root[self.root_end :]


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _known(name: str) -> bool:
    return _local(name) in KNOWN_ELEMENTS


def _usual_namespace(prefix: str) -> str:
    lower = prefix.lower()
    return next((uri for part, uri in _USUAL_NAMESPACES if part in lower), f"urn:undeclared:{lower}")
