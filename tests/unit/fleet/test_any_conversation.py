"""Whatever a phone answers, or does not: no rule fails, sessions end, and nothing answered is done twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.cwmp import messages as m
from acs.cwmp.structures import ParameterFault, ParameterInfo, ParameterValue, QueuedTransfer, TransferFault
from acs.fleet import expiry, planner, proof
from acs.fleet.task import (
    AddObjectWork,
    AttributeWish,
    DeleteObjectWork,
    DownloadWork,
    FactoryResetWork,
    GetParameterAttributesWork,
    GetParameterNamesWork,
    GetParameterValuesWork,
    GetRpcMethodsWork,
    RebootWork,
    ScheduleInformWork,
    SetParameterAttributesWork,
    SetParameterValuesWork,
    UploadWork,
)

PROFILES = "Device.Services.VoiceService.1.VoiceProfile."
WORKS = [
    GetParameterValuesWork(("Device.Time.NTPServer1", "Device.No", "Device.Time.")),
    SetParameterValuesWork({"Device.Time.NTPServer1": "x", "Device.Time.X_001565_Enable": True}),
    GetParameterNamesWork(""),
    GetParameterAttributesWork(("Device.Time.NTPServer1", "Device.No")),
    SetParameterAttributesWork({"Device.Time.NTPServer1": AttributeWish(1)}),
    AddObjectWork(PROFILES, {"Name": "x"}),
    DeleteObjectWork(PROFILES + "2."),
    DownloadWork(file="f", file_type="1 Firmware Upgrade Image", size=10, version="2"),
    DownloadWork(url="http://x/", file_type="3 Vendor Configuration File"),
    UploadWork(),
    RebootWork(),
    FactoryResetWork(),
    ScheduleInformWork(5),
    GetRpcMethodsWork(),
]
NAMES = st.sampled_from(
    ["Device.", "Device.A.", "Device.A.1.", "Device.A.1.B", "Device.Time", "", ".", "1", "Devic"]
)
WILD = st.one_of(
    st.builds(
        m.Fault,
        st.sampled_from([9000, 9001, 9002, 9003, 9004, 9005, 9800, 0, -1]),
        st.text(max_size=5),
        st.lists(st.builds(ParameterFault, NAMES), max_size=2).map(tuple),
    ),
    st.builds(
        m.GetParameterNamesResponse,
        st.lists(st.builds(ParameterInfo, NAMES, st.booleans()), max_size=6).map(tuple),
    ),
    st.builds(
        m.GetParameterValuesResponse, st.lists(st.builds(ParameterValue, NAMES), max_size=6).map(tuple)
    ),
    st.just(m.DownloadResponse(0)),
    st.builds(m.GetQueuedTransfersResponse, st.just((QueuedTransfer("x", 1),))),
    st.just(m.SetParameterValuesResponse(1)),
)
#: How the phone takes a request: as asked, oddly, done but unanswered, not even done.
MANNERS = st.one_of(st.just("well"), st.just("well"), WILD, st.just("done, no answer"), st.just("no answer"))
EVENTS = st.lists(
    st.sampled_from(
        [
            "0 BOOTSTRAP",
            "1 BOOT",
            "2 PERIODIC",
            "3 SCHEDULED",
            "7 TRANSFER COMPLETE",
            "8 DIAGNOSTICS COMPLETE",
            "M Reboot",
        ]
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_conversation_ends_and_does_nothing_answered_twice(make_desk, phone_with, data):
    desk, phone = make_desk(), phone_with()
    answered: Counter[str] = Counter()
    for work in data.draw(st.lists(st.sampled_from(WORKS), max_size=5)):
        desk.task(work)
    for _ in range(data.draw(st.integers(1, 4))):
        desk.inform(*data.draw(EVENTS), retry=data.draw(st.integers(0, 1)), phone=phone)
        if data.draw(st.booleans()):
            desk.notice(
                m.TransferComplete(data.draw(st.sampled_from(["", "x", *desk.tasks])), TransferFault())
            )
        manners = data.draw(st.lists(MANNERS, max_size=12))
        for _ in range(400):
            desk.now += 0.1
            step = planner.next_step(desk.situation())
            if step is None:
                break
            desk.apply(step.changes)
            manner = manners.pop() if manners else "well"
            usual = phone(step.request) if isinstance(manner, str) and manner != "no answer" else None
            if isinstance(manner, str) and manner != "well":
                if data.draw(st.booleans()):
                    desk.apply(planner.unanswered(desk.situation(), step.ref, manner))
                    if data.draw(st.booleans()):
                        continue
                break
            answer = usual if manner == "well" else manner
            if not isinstance(answer, m.Fault) and answer.name == step.request.name + "Response":
                answered[step.ref] += isinstance(
                    step.request, m.AddObject | m.Download | m.Reboot | m.FactoryReset
                )
            desk.apply(planner.completed(desk.situation(), step.ref, answer))
        else:
            pytest.fail("the session does not end")
    assert all(count <= 1 for count in answered.values())
    desk.apply(expiry.overdue(desk.tasks.values(), desk.now + 10 * proof.TRANSFER_WAIT))
    assert not [task for task in desk.tasks.values() if task.state == "waiting"]
    assert all("progress" not in task.evidence for task in desk.tasks.values() if not task.open)
    assert all(task.finished_at for task in desk.tasks.values() if not task.open)
