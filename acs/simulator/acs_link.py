"""The phone's line to its ACS: one HTTP conversation with cookies, authentication and redirects.

A link serves one session. What outlives a session (the login's last challenge, an old cookie) is in
`Memory`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from acs.simulator.authentication import Login
from acs.simulator.http_client import HttpClient, HttpFailed, HttpResponse, Url, Wire, WrongUrl, parse_url
from acs.simulator.personas import Persona

#: redirects followed at the start of a session
MOST_REDIRECTS = 5


class SessionFailed(Exception):
    """The session ended in disorder; the message says why."""


class Memory:
    """What a phone's HTTP side keeps from session to session."""

    __slots__ = ("login", "stale_cookies")

    def __init__(self) -> None:
        self.login: Login | None = None
        self.stale_cookies: dict[str, str] = {}

    def login_for(self, username: str, password: str, style: str) -> Login:
        """The login kept so far, unless the credentials have changed."""
        login = self.login
        if login is None or (login.username, login.password) != (username, password):
            login = self.login = Login(username, password, style)
        return login


class AcsLink:
    """`cnonce` draws a client nonce; `url` is the ACS URL the session starts with."""

    def __init__(
        self,
        url: str,
        persona: Persona,
        login: Login,
        memory: Memory,
        *,
        user_agent: str,
        tls: ssl.SSLContext | None,
        cnonce: Callable[[], str],
    ) -> None:
        self._url = _acs_url(url)
        self._persona = persona
        self._user_agent = user_agent
        self._login = login
        self._memory = memory
        self._cnonce = cnonce
        self.client = HttpClient(tls=tls, wire=_wire(persona))
        #: name to (value, whole Set-Cookie text)
        self._cookies: dict[str, tuple[str, str]] = {}
        self._first = True

    async def post(self, body: bytes) -> bytes:
        """Send one message (empty for the empty POST); the body of the answer, empty at the session's end."""
        try:
            response = await self._post(body)
        except HttpFailed as error:
            raise SessionFailed(str(error)) from error
        self._first = False
        if response.status == 204:
            return b""
        if response.status != 200:
            reason = response.body[:200].decode("utf-8", "replace").strip()
            raise SessionFailed(f"HTTP {response.status} {reason}".rstrip())
        return response.body

    async def _post(self, body: bytes) -> HttpResponse:
        redirects = 0
        answered_challenge = False
        while True:
            response = await self.client.exchange("POST", self._url, self._headers(body), body)
            self._keep_cookies(response)
            if response.status == 401 and not answered_challenge:
                answered_challenge = True
                if self._login.challenged(response.all("www-authenticate")):
                    continue
            elif response.status in (302, 307) and self._first and redirects < MOST_REDIRECTS:
                redirects += 1
                self._url = _acs_url(response.header("location"))
                continue
            return response

    def _headers(self, body: bytes) -> list[tuple[str, str]]:
        persona = self._persona
        headers = [("User-Agent", self._user_agent)]
        if body:
            if persona.content_type:
                headers.append(("Content-Type", persona.content_type))
            headers.append(("SOAPAction", '""' if persona.content_type else ""))
        authorization = self._login.header("POST", self._url.target, self._cnonce())
        if authorization:
            headers.append(("Authorization", authorization))
        if cookie := self._cookie():
            headers.append(("Cookie", cookie))
        return headers

    def _keep_cookies(self, response: HttpResponse) -> None:
        for text in response.all("set-cookie"):
            name, _, value = text.partition(";")[0].partition("=")
            self._cookies[name.strip()] = (value.strip(), text)
            self._memory.stale_cookies = {name.strip(): value.strip()}

    def _cookie(self) -> str:
        match self._persona.cookies:
            case "none":
                return ""
            case "attributes":
                return "; ".join(text for _, text in self._cookies.values())
            case "quoted":
                return ", ".join(f'{name}="{value}"' for name, (value, _) in self._cookies.items())
            case "stale" if self._first and not self._cookies:
                return "; ".join(f"{name}={value}" for name, value in self._memory.stale_cookies.items())
            case _:
                return "; ".join(f"{name}={value}" for name, (value, _) in self._cookies.items())


def _acs_url(text: str) -> Url:
    try:
        return parse_url(text)
    except WrongUrl as error:
        raise SessionFailed(f"the ACS URL: {error}") from error


def _wire(persona: Persona) -> Wire:
    return Wire(
        version=persona.http_version,
        new_connection=persona.new_connection,
        chunked=persona.chunked,
        gzip=persona.gzip,
        expect_continue=persona.expect_continue,
        trickle=persona.trickle,
    )
