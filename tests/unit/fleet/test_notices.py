"""What a phone says on its own: each is answered with its own response and told on the timeline."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import Argument, DeploymentResult, TransferFault
from acs.fleet.identity import device_key


@pytest.mark.parametrize(
    ("request_", "response", "words"),
    [
        (m.TransferComplete("x"), m.TransferCompleteResponse(), "no open task waits for"),
        (
            m.AutonomousTransferComplete(is_download=True, file_type="1 Firmware Upgrade Image"),
            m.AutonomousTransferCompleteResponse(),
            "Fetched a file on its own (1 Firmware Upgrade Image)",
        ),
        (
            m.AutonomousTransferComplete(fault_struct=TransferFault(9017, "cut")),
            m.AutonomousTransferCompleteResponse(),
            "(of an unknown type): 9017 ",
        ),
        (
            m.RequestDownload("3 Vendor Configuration File", (Argument("Name", "a"),)),
            m.RequestDownloadResponse(),
            "Asked for a file: 3 Vendor Configuration File with Name a",
        ),
        (m.Kicked("cmd", "ref", "arg", "http://next"), m.KickedResponse("http://next"), "sent here"),
        (
            m.DUStateChangeComplete((DeploymentResult("u", version="1", current_state="Installed"),)),
            m.DUStateChangeCompleteResponse(),
            "u 1 is Installed",
        ),
        (
            m.AutonomousDUStateChangeComplete((DeploymentResult("u", fault=TransferFault(9022)),)),
            m.AutonomousDUStateChangeCompleteResponse(),
            "9022",
        ),
    ],
)
def test_each_is_answered_and_told(desk, phone, request_, response, words):
    desk.learnt(phone)
    assert desk.notice(request_) == response
    assert words in desk.texts()[-1]
    assert desk.last.urgent


def test_the_methods_of_this_server_depend_on_the_phones_version(desk, phone):
    desk.learnt(phone)
    old = desk.notice(m.GetRPCMethods())
    assert old.method_list == ("GetRPCMethods", "Inform", "TransferComplete", "RequestDownload", "Kicked")
    assert "which methods" in desk.texts("session")[-1]


def test_an_inform_is_not_a_notice(desk, phone):
    desk.learnt(phone)
    with pytest.raises(ValueError, match="opens a session"):
        desk.notice(m.Inform(None))


def test_a_report_after_the_proof_is_said_to_be_of_a_closed_task(desk, phone):
    desk.learnt(phone)
    closed = device_key(desk.device.id) + "0" * 12
    desk.notice(m.TransferComplete(closed))
    assert desk.texts("transfer")[-1].endswith("; its task is closed already")
