"""One CWMP session from the phone's side: Inform, its own requests, the empty POST, the ACS's requests, the
end.

`hold` returns when the ACS ended the session in order and raises `SessionFailed` when it broke. An Inform
that the ACS answered counts as told at once (`PhoneState.informed`); a session that breaks after it is
tried again all the same, with RetryCount 1 and the events that the delivery rules keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from acs.cwmp import messages as m
from acs.cwmp.reading import Envelope, MalformedMessage, NotSoap, UnknownMessage, read
from acs.cwmp.writing import write
from acs.simulator import rpc
from acs.simulator.acs_link import AcsLink, SessionFailed
from acs.simulator.state import PhoneState
from acs.simulator.tally import Tally
from acs.simulator.xml_quirks import spoil

#: seconds after which a phone that does not answer gives the session up
SILENCE = 45.0
#: seconds that the fault slow-answers takes for each answer
SLOW = 5.0


class Session:
    """`number` counts the phone's sessions from 1. `transfer_now` runs the waiting transfers inside the
    session, for personas that do not wait for its end."""

    def __init__(
        self,
        phone: PhoneState,
        inform: m.Inform,
        link: AcsLink,
        tally: Tally,
        *,
        number: int,
        transfer_now: Callable[[], Awaitable[None]],
    ) -> None:
        self._phone = phone
        self._link = link
        self._tally = tally
        self._number = number
        self._transfer_now = transfer_now
        self._last_id = 0
        self._held = False
        self._inform_message = inform

    async def hold(self) -> None:
        persona = self._phone.persona
        await self._inform()
        if persona.second_inform:
            await self._inform()
        await self._report_transfers()
        every_other = self._number % 2 == 0
        if persona.skips_empty_post and every_other:
            return
        if persona.hangs and every_other:
            self._link.client.abandon()
            raise SessionFailed("left hanging by its persona")
        await self._serve(await self._link.post(b""))
        if persona.transfer_complete == "same session" and self._phone.transfers:
            await self._transfer_now()
            await self._report_transfers()
            await self._serve(await self._link.post(b""))
        if persona.three_step_ending:
            await self._serve(await self._link.post(b""))

    # --- the phone asks -------------------------------------------------------------------------------------

    async def _inform(self) -> None:
        await self._ask(self._inform_message, m.InformResponse)
        self._phone.informed(self._inform_message)
        self._tally.count("informs")

    async def _report_transfers(self) -> None:
        """TransferComplete for each finished transfer that was announced; an unanswered one stays."""
        announced = {(event.event_code, event.command_key) for event in self._inform_message.event}
        for report in tuple(self._phone.reports):
            known = (report.event, report.message.command_key) in announced
            if self._held or not (known or self._phone.persona.transfer_complete == "same session"):
                continue
            await self._ask(report.message, m.TransferCompleteResponse)
            self._phone.reports.remove(report)
            self._tally.count("transfer completes")

    async def _ask(self, request: m.Message, expected: type[m.Message]) -> None:
        self._last_id += 1
        body = await self._link.post(self._written(request, str(self._last_id)))
        envelope = _understood(body)
        if not isinstance(envelope.message, expected):
            said = envelope.message
            detail = f" {said.fault_code} {said.fault_string}" if isinstance(said, m.Fault) else ""
            raise SessionFailed(f"{request.name} was answered by {_name(said)}{detail}")
        self._held = envelope.hold_requests

    # --- the ACS asks ---------------------------------------------------------------------------------------

    async def _serve(self, body: bytes) -> None:
        """Answer the requests of the ACS until it has no more."""
        while body.strip():
            envelope = _understood(body)
            self._held = envelope.hold_requests
            request = envelope.message
            self._tally.asked(_name(request))
            self._phone.write_down("asked", what=_name(request))
            answer = await self._answer(request)
            if isinstance(answer, m.Fault):
                self._tally.count("faults answered")
            body = await self._link.post(self._written(answer, envelope.cwmp_id))

    async def _answer(self, request: m.Message | UnknownMessage) -> m.CpeResponse:
        phone, faults = self._phone, self._phone.faults
        if "drop-connection" in faults:
            raise SessionFailed("the connection dropped, as --fault asked")
        if "no-answer" in faults:
            await asyncio.sleep(SILENCE)
            raise SessionFailed("no answer was given, as --fault asked")
        if "slow-answers" in faults:
            await asyncio.sleep(SLOW)
        if isinstance(request, UnknownMessage):
            return rpc.Refused(9000, request.name).fault()
        answer = rpc.answer(phone, request)
        set_done = isinstance(answer, m.SetParameterValuesResponse)
        if phone.persona.reboots_on_set and set_done and phone.reboot is not None:
            raise SessionFailed("rebooted instead of an answer, as its persona does")
        return answer

    def _written(self, message: m.Message, cwmp_id: str) -> bytes:
        persona = self._phone.persona
        return spoil(write(message, cwmp_id=cwmp_id, namespace=persona.namespace), persona.xml_quirks)


def _understood(body: bytes) -> Envelope:
    if not body.strip():
        raise SessionFailed("an empty answer where a SOAP message was due")
    try:
        return read(body)
    except (NotSoap, MalformedMessage) as error:
        raise SessionFailed(f"the ACS's answer cannot be understood: {error}") from error


def _name(message: m.Message | UnknownMessage) -> str:
    return message.name
