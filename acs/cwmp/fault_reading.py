"""SOAP faults as phones send them: with the CWMP detail, without it, with codes in odd places (quirk 48)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from acs.cwmp import scalars
from acs.cwmp.layout import PARAMETER_FAULT
from acs.cwmp.leaves import Repairs, local_name
from acs.cwmp.messages import Fault
from acs.cwmp.plans import Plan, build

#: What a fault means that gives no code at all: internal error.
UNSPECIFIED = 9002

_CODE = re.compile(r"\b[89][0-9]{3}\b")
_PARAMETER_FAULT_PLAN = Plan.of(PARAMETER_FAULT)
_ONE_PARAMETER = "setparametervaluesfault"


def read_fault(element: etree._Element, repairs: Repairs) -> Fault:
    """The fault in a SOAP body: SOAP's own Fault with CWMP's in its detail, or CWMP's directly.

    The code is the FaultCode of the CWMP detail, else any CWMP code found in the texts, else 9002; the text
    is the CWMP FaultString, else SOAP's faultstring.
    """
    parameter_faults = tuple(
        build(_PARAMETER_FAULT_PLAN, part, repairs)
        for part in element.iter()
        if local_name(part.tag).lower() == _ONE_PARAMETER
    )
    texts: dict[str, str] = {}
    for part in _leaves(element):
        texts.setdefault(local_name(part.tag), scalars.value(part.text))
    code = scalars.number(texts.get("FaultCode"))
    text = texts.get("FaultString", "")
    if not code:
        repairs.append("the fault has no CWMP code where it should be")
        mentioned = _CODE.search(" ".join(texts.values()))
        code = int(mentioned[0]) if mentioned else UNSPECIFIED
        text = text or texts.get("faultstring") or texts.get("Text", "")  # Text: SOAP 1.2
    soap_code = (texts.get("faultcode") or texts.get("Value", "")).lower()
    sender_is_at_fault = not ("server" in soap_code or "receiver" in soap_code)
    return Fault(code, text.strip(), parameter_faults, "Client" if sender_is_at_fault else "Server")


def _leaves(element: etree._Element) -> Iterator[etree._Element]:
    """The elements without children, but for those that tell of one parameter."""
    for child in element:
        if len(child) == 0:
            yield child
        elif local_name(child.tag).lower() != _ONE_PARAMETER:
            yield from _leaves(child)
