"""Downloads and uploads over real HTTP(S). Files are hashed as they come and never kept, but for .cfg
files.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from msgspec import Struct

from acs.cwmp.messages import Download, Upload
from acs.cwmp.structures import TransferFault
from acs.simulator import config_files, rpc
from acs.simulator.authentication import Login
from acs.simulator.http_client import HttpClient, HttpFailed, HttpResponse, WrongUrl, parse_url
from acs.simulator.images import ImageReader, version_in_name
from acs.simulator.state import PhoneState
from acs.simulator.tally import Tally

#: a configuration file larger than this is corrupt
LARGEST_CONFIGURATION = 1 << 20

_SUCCESS = TransferFault()


class TransferFailed(Exception):
    """The transfer ends in this fault."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(code, detail)
        self.fault = TransferFault(code, rpc.fault_text(code, detail))


class Outcome(Struct, frozen=True):
    """How a transfer ended; `reboots` after a firmware image that was installed."""

    fault: TransferFault = _SUCCESS
    reboots: bool = False


class FileLine:
    """A phone's line to file servers. `cnonce` draws a client nonce for Digest."""

    def __init__(
        self, phone: PhoneState, tally: Tally, *, tls: ssl.SSLContext | None, cnonce: Callable[[], str]
    ) -> None:
        self._phone = phone
        self._tally = tally
        self._tls = tls
        self._cnonce = cnonce

    async def run(self, request: Download | Upload) -> Outcome:
        """Do the transfer and what follows from it, except the reboot."""
        try:
            if isinstance(request, Upload):
                await self._upload(request)
                outcome = Outcome()
            elif request.file_type == rpc.FIRMWARE:
                outcome = await self._firmware(request)
            else:
                outcome = await self._configuration(request)
        except TransferFailed as failed:
            self._tally.count("failed transfers")
            return Outcome(failed.fault)
        self._tally.count("uploads" if isinstance(request, Upload) else "downloads")
        return outcome

    async def get(
        self, url: str, username: str, password: str, sink: Callable[[bytes], object]
    ) -> HttpResponse:
        """Fetch a file that nobody ordered. Raises TransferFailed where no answer came."""
        request = Download("", rpc.CONFIGURATION_DOWN, url, username, password)
        return await self._exchange("GET", request, sink=sink)

    # --- downloads ------------------------------------------------------------------------------------------

    async def _firmware(self, request: Download) -> Outcome:
        image = ImageReader()
        await self._fetch(request, image.feed)
        self._check_size(request, image.size)
        if "bad-image" in self._phone.faults:
            raise TransferFailed(9018, "the image is damaged")
        if why := image.corrupt(self._phone.persona.product_class):
            raise TransferFailed(9018, why)
        version = version_in_name(request.target_file_name, request.url) or image.version
        if "old-version-after-boot" not in self._phone.faults:
            self._phone.installed_version = version
        return Outcome(reboots=True)

    async def _configuration(self, request: Download) -> Outcome:
        content = bytearray()

        def keep(piece: bytes) -> None:
            if len(content) + len(piece) > LARGEST_CONFIGURATION:
                raise TransferFailed(9018, "the configuration file is too large")
            content.extend(piece)

        await self._fetch(request, keep)
        self._check_size(request, len(content))
        config_files.apply(self._phone, bytes(content))
        return Outcome()

    def _check_size(self, request: Download, size: int) -> None:
        if request.file_size and request.file_size != size:
            raise TransferFailed(9018, f"{size} bytes instead of {request.file_size}")

    async def _fetch(self, request: Download, feed: Callable[[bytes], None]) -> None:
        if code := self._phone.faults.code("download-fails"):
            raise TransferFailed(code, "as --fault asked")
        refusals: list[TransferFailed] = []

        def sink(piece: bytes) -> None:
            self._tally.count("bytes downloaded", len(piece))
            try:
                if not refusals:
                    feed(piece)
            except TransferFailed as refused:  # the parser that calls this must not see exceptions
                refusals.append(refused)

        if self._phone.persona.head_first:
            await self._exchange("HEAD", request)
        response = await self._exchange("GET", request, sink=sink)
        if refusals:
            raise refusals[0]
        if response.status != 200:
            raise TransferFailed(_access_code(response.status), f"HTTP {response.status}")

    # --- uploads --------------------------------------------------------------------------------------------

    async def _upload(self, request: Upload) -> None:
        if code := self._phone.faults.code("upload-fails"):
            raise TransferFailed(code, "as --fault asked")
        log = request.file_type == rpc.LOG_UP
        content = config_files.log(self._phone) if log else config_files.configuration(self._phone)
        response = await self._exchange("PUT", request, body=content)
        if response.status in (401, 403):
            raise TransferFailed(9012, f"HTTP {response.status}")
        if response.status not in (200, 201, 204):
            raise TransferFailed(9011, f"HTTP {response.status}")
        self._tally.count("bytes uploaded", len(content))

    # --- HTTP -----------------------------------------------------------------------------------------------

    async def _exchange(
        self,
        method: str,
        request: Download | Upload,
        *,
        body: bytes | None = None,
        sink: Callable[[bytes], object] | None = None,
    ) -> HttpResponse:
        """One request, its challenge answered once."""
        persona = self._phone.persona
        login = Login(
            request.username, request.password, persona.digest, basic_only=persona.basic_transfers_only
        )
        client = HttpClient(tls=self._tls)
        try:
            url = parse_url(request.url)
            for attempt in (1, 2):
                headers = [("User-Agent", self._phone.user_agent)]
                if authorization := login.header(method, url.target, self._cnonce()):
                    headers.append(("Authorization", authorization))
                response = await client.exchange(method, url, headers, body, sink)
                if response.status != 401 or attempt == 2:
                    break
                if not login.challenged(response.all("www-authenticate")):
                    break
        except WrongUrl as error:
            raise TransferFailed(9010 if method != "PUT" else 9011, str(error)) from error
        except HttpFailed as error:
            failure = 9011 if method == "PUT" else 9017
            raise TransferFailed(failure if error.contacted else 9015, str(error)) from error
        finally:
            client.close()
        return response


def _access_code(status: int) -> int:
    return 9012 if status == 401 else 9016
