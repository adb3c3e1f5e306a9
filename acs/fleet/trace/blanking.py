"""Secrets out of recorded messages, before anything of them is stored.

A body is not written anew: what was odd about it has to stay, because that is what one looks for. So values
are replaced where they stand in its text, in three steps, each a lock of its own: by the markup round them
(the value of a parameter whose name is a secret's, user names and passwords of transfers, what URLs have in
their queries), by what texts look like and the secrets this server knows, word by word
(`acs.fleet.log_secrets`), and at last the reader is asked whether it still finds any. If so, nothing is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape

from acs.cwmp import charsets
from acs.cwmp import messages as cwmp
from acs.cwmp.reading import MalformedMessage, NotSoap, UnknownMessage, read
from acs.cwmp.writing import escape
from acs.datamodel import mapping_rules, parameter_models
from acs.datamodel.keys import Catalogue
from acs.datamodel.paths import is_secret
from acs.fleet.log_secrets import BLANK, Blanker

#: Says whether the value of a parameter must not be shown.
SecretParameter = Callable[[str], bool]

#: Why a body is missing from a trace.
WITHHELD = "withheld: the secrets in it could not be told from the rest"

#: Quantifiers are bounded, so that no message, however odd and long, is looked through more than once.
_PREFIX = r"(?:[\w.-]{1,64}:)?"
_STRUCT = re.compile(rf"<{_PREFIX}ParameterValueStruct\b", re.IGNORECASE)
_NAME = re.compile(
    rf"<{_PREFIX}Name\b[^<>]{{0,512}}>([^<]{{0,512}}(?:<!\[CDATA\[[^\]]{{0,512}}\]\]>)?[^<]{{0,512}})",
    re.IGNORECASE,
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_VALUE = re.compile(
    rf"(<({_PREFIX})Value\b[^<>]{{0,512}}(?<!/)>)(.*?)(?=</\2Value\s*>|</{_PREFIX}ParameterValueStruct|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_LOGIN = re.compile(
    rf"(<({_PREFIX})(Username|Password)\b[^<>]{{0,512}}(?<!/)>)(.*?)(?=</\2\3\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_URL = re.compile(rf"(<({_PREFIX})(\w{{0,64}}URL)\b[^<>]{{0,512}}(?<!/)>)([^<]*)", re.IGNORECASE)
_QUERY = re.compile(r"""([?&;][^?=&#;<>\s"']{1,256}=)[^&#;<>\s"']+""")
_QUERY_SECRET = re.compile(
    r"""([?&;][\w.-]{0,40}(?:token|secret|passw|pwd|pass|key|auth|sig|session)[\w.-]{0,40}=)[^&#;<>\s"']+""",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"(=\s*)\"?[^;,\s\"]+\"?")
_COOKIES = ("cookie", "set-cookie")
_LOGINS = ("authorization", "proxy-authorization")

#: Header fields kept of a message, and characters of each.
_MOST_HEADERS = 60
_LONGEST_HEADER = 500


def secret_parameter(catalogue: Catalogue) -> SecretParameter:
    """Whether a parameter is a secret: by its name, by the data model, or by the key that it carries."""
    rules = mapping_rules.shipped()

    def secret(name: str) -> bool:
        if is_secret(name):
            return True
        model = parameter_models.lookup(name)
        if model is not None and model.secret:
            return True
        return any(catalogue.key(key).secret for key in rules.keys_at(name))

    return secret


class Blanking:
    """Blanks the messages of one session.

    :param secret: says whether the value of a parameter must not be shown.
    :param known: secrets by themselves, never to be shown wherever they stand; short ones are not looked for.
    """

    def __init__(self, secret: SecretParameter, known: Iterable[str] = ()) -> None:
        self.secret = secret
        self._blanker = Blanker()
        self.know(known)

    def know(self, secrets: Iterable[str]) -> None:
        """Never show these from now on."""
        self._blanker.know(spelling for one in secrets for spelling in _spellings(one))

    def body(self, body: bytes) -> tuple[bytes, str]:
        """The body without its secrets, and why there is none ("" where there is).

        Bytes stay as they are but for the secrets. UTF-16 becomes UTF-8.
        """
        if charsets.is_wide(body):
            body = charsets.decode(body, None)[0].encode("utf-8", "replace")
        text = body.decode("latin-1")  # one character a byte, whatever the charset is
        blanked = self.text(self._marked_up(text)).encode("latin-1")
        return (b"", WITHHELD) if self._tells_secrets(blanked) else (blanked, "")

    def text(self, text: str) -> str:
        """Any text without what looks like a secret, or is known to be one."""
        return _QUERY_SECRET.sub(rf"\1{BLANK}", self._blanker.text(text))

    def headers(self, fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """The header fields of a message: logins by their scheme alone, cookies by their names."""
        kept = []
        for name, value in fields:
            lowered = name.lower()
            if lowered in _LOGINS:
                value = f"{value.split(None, 1)[0]} {BLANK}" if value.strip() else ""
            elif lowered in _COOKIES:
                head, semicolon, rest = value.partition("; Path")
                value = _COOKIE.sub(rf"\1{BLANK}", head) + semicolon + rest
            else:
                spelt = name.replace("-", "_")
                value = self.text(str(self._blanker.fields({spelt: value})[spelt]))
            kept.append((name, value[:_LONGEST_HEADER]))
        return tuple(kept[:_MOST_HEADERS])

    def target(self, target: str) -> str:
        """The target of a request: what its query says may be a login."""
        return self.text(_QUERY.sub(rf"\1{BLANK}", target))[:_LONGEST_HEADER]

    def _marked_up(self, text: str) -> str:
        if "Name" in text or "name" in text or "NAME" in text:
            text = self._values(text)
        text = _LOGIN.sub(lambda found: found[1] + (BLANK if found[4].strip() else found[4]), text)
        return _URL.sub(lambda found: found[1] + _QUERY.sub(rf"\1{BLANK}", found[4]), text)

    def _values(self, text: str) -> str:
        """Each parameter by itself: a name says what the value beside it is, before or after it."""
        starts = [found.start() for found in _STRUCT.finditer(text)]
        if not starts:  # a list whose items are called otherwise: a value follows its name
            starts = [found.start() for found in _NAME.finditer(text)]
        if not starts:
            return text
        pieces = [text[: starts[0]]]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            piece = text[start:end]
            if any(self.secret(_plain(found[1])) for found in _NAME.finditer(piece)):
                piece = _VALUE.sub(lambda found: found[1] + (BLANK if found[3] else ""), piece)
            pieces.append(piece)
        return "".join(pieces)

    def _tells_secrets(self, body: bytes) -> bool:
        """Whether the server's own reader still finds a secret in the body."""
        if not body.strip():
            return False
        try:
            message = read(body).message
        except (NotSoap, MalformedMessage):
            return False
        if isinstance(message, UnknownMessage):
            return False
        told = (BLANK, "")
        match message:
            case cwmp.Inform() | cwmp.GetParameterValuesResponse() | cwmp.SetParameterValues():
                return any(one.value not in told and self.secret(one.name) for one in message.parameter_list)
            case cwmp.Download() | cwmp.Upload() | cwmp.ScheduleDownload():
                return message.password not in told or message.username not in told
            case _:
                return False


def _plain(name: str) -> str:
    return unescape(_CDATA.sub("", name)).strip()


def _spellings(secret: str) -> tuple[str, ...]:
    """As it stands in text, in XML, and in the bytes of UTF-8 taken one by one."""
    spellings = {secret, escape(secret)}
    return tuple(spellings | {one.encode().decode("latin-1") for one in spellings})
