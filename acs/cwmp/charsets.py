"""Which characters do these bytes mean? For bodies that are not plain valid UTF-8 (quirks 43 and 44).

What a phone declares, in Content-Type or in the XML declaration, is a hint and no more: firmwares declare
ISO-8859-1 and send UTF-8, or the reverse, or GBK under either name.
"""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""")

#: What may be declared and is then believed where the bytes bear it out. Codecs that are no character sets
#: (and Python has such) are not among them.
_BELIEVED = frozenset(
    {"gbk", "gb2312", "gb18030", "hz", "big5", "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "euc_kr"}
    | {"cp949", "johab", "koi8-r", "koi8-u", "cp437", "cp850", "cp866", "cp874", "tis-620", "mac-roman"}
    | {f"cp{page}" for page in range(1250, 1259)}
    | {f"iso8859-{part}" for part in range(2, 17)}
)
_CHINESE = frozenset({"gbk", "gb2312"})
#: Above 127 nothing but two bytes each of a common Chinese character (GB 2312 level 1) or punctuation mark.
#: (The quantifiers are possessive: a failed match must not be tried again piece by piece.)
_GB2312_TEXT = re.compile(rb"(?:[\x00-\x7f]++|[\xa1-\xa3\xb0-\xd7][\xa1-\xfe])++")
_UTF8_SEQUENCE = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def is_wide(body: bytes) -> bool:
    """Whether the bytes are UTF-16 or UTF-32, by their mark or by the form of their first character."""
    return _wide_codec(body) is not None


def declared_charset(body: bytes, charset: str | None) -> str:
    """The codec that the XML declaration, else the Content-Type, names; "" for none or an unknown one."""
    found = _DECLARED.match(body.lstrip(b"\xef\xbb\xbf \t\r\n"))
    for label in (found[1].decode("ascii") if found else "", (charset or "").strip(" \t\"'")):
        try:
            return codecs.lookup(label).name
        except (LookupError, ValueError):
            continue
    return ""


def decode(body: bytes, charset: str | None) -> tuple[str, str]:
    """The text of a body, and a sentence on what was odd about its characters ("" for nothing)."""
    wide = _wide_codec(body)
    if wide:
        return body.decode(wide, "replace").lstrip("\ufeff"), ""
    try:
        return body.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    declared = declared_charset(body, charset)
    believed = "gb18030" if declared in _CHINESE else declared if declared in _BELIEVED else ""
    if believed:
        try:
            return body.decode(believed), "" if declared != "gb2312" else "the charset is GBK"
        except UnicodeDecodeError:
            pass
    if _GB2312_TEXT.fullmatch(body):
        return body.decode("gb18030", "replace"), f"the charset was taken as GBK, not {declared or 'UTF-8'}"
    if _mostly_utf8(body):
        text = body.decode("utf-8", "replace").lstrip("\ufeff")
        return text, "bytes that are not valid UTF-8 were replaced"
    odd = "" if declared == "iso8859-1" else f"the charset was taken as ISO-8859-1, not {declared or 'UTF-8'}"
    try:
        return body.decode("cp1252"), odd
    except UnicodeDecodeError:
        return body.decode("latin-1"), odd


def _wide_codec(body: bytes) -> str | None:
    start = body[:4]
    if start in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        return "utf-32"
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if start == b"<\x00\x00\x00":
        return "utf-32-le"
    if start == b"\x00\x00\x00<":
        return "utf-32-be"
    if start[:2] == b"<\x00" and start[3:] == b"\x00":
        return "utf-16-le"
    if start[:2] == b"\x00<" and start[2:3] == b"\x00":
        return "utf-16-be"
    return None


def _mostly_utf8(body: bytes) -> bool:
    """Whether more characters above 127 are whole UTF-8 than broken (text cut off in mid-character)."""
    whole = sum(len(found) for found in _UTF8_SEQUENCE.findall(body))
    high = sum(byte > 127 for byte in body)
    return whole * 2 > high
