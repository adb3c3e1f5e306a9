"""What a phone's answer makes of the task that asked."""

from __future__ import annotations

from msgspec import structs

from acs.cwmp import messages as cwmp
from acs.cwmp.structures import ParameterAttribute, ParameterInfo, ParameterValue
from acs.datamodel.paths import is_vendor, leaf_of, parent_of
from acs.fleet import doubt, facts, gathering, learner, methods, outcome, proof, sending, values, when_idle
from acs.fleet.changes import Changes, ParameterChanges
from acs.fleet.convergence.when import unsettled
from acs.fleet.device import ConnectionRequestLogin, Device, Learning
from acs.fleet.learning import LearningState, reading_again
from acs.fleet.situation import Situation
from acs.fleet.task import (
    AddObjectWork,
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
    Task,
    UploadWork,
)

_ANSWERS: dict[type, type[cwmp.Message]] = {
    AddObjectWork: cwmp.AddObjectResponse,
    DeleteObjectWork: cwmp.DeleteObjectResponse,
    DownloadWork: cwmp.DownloadResponse,
    FactoryResetWork: cwmp.FactoryResetResponse,
    GetParameterAttributesWork: cwmp.GetParameterAttributesResponse,
    GetParameterNamesWork: cwmp.GetParameterNamesResponse,
    GetParameterValuesWork: cwmp.GetParameterValuesResponse,
    GetRpcMethodsWork: cwmp.GetRPCMethodsResponse,
    RebootWork: cwmp.RebootResponse,
    ScheduleInformWork: cwmp.ScheduleInformResponse,
    SetParameterAttributesWork: cwmp.SetParameterAttributesResponse,
    SetParameterValuesWork: cwmp.SetParameterValuesResponse,
    UploadWork: cwmp.UploadResponse,
}

_INVALID_ARGUMENTS = 9003
_NO_SUCH_NAME = 9005


def completed(situation: Situation, task: Task, answer: cwmp.CpeResponse) -> Changes:
    """The changes that `answer` makes to this running task and to what is known of the phone."""
    now = situation.now
    if isinstance(answer, cwmp.Fault):
        return _refused(situation, task, answer)
    if not isinstance(answer, _awaited(task)):
        return _with(situation, doubt.unanswered(task, now, f"it answered with {type(answer).__name__}"))
    match answer:
        case cwmp.GetParameterValuesResponse() | cwmp.GetParameterAttributesResponse():
            task, news = gathering.answered(task, answer, now)
            return _with(situation, task, news).then(_unsettled(situation))
        case cwmp.SetParameterValuesResponse():
            return _values_set(situation, task, answer.status)
        case cwmp.GetParameterNamesResponse():
            names = {info.name: info.writable for info in answer.parameter_list}
            news = ParameterChanges(names=tuple(info for info in answer.parameter_list if info.name))
            return _with(situation, outcome.done(task, now, {"names": names}), news)
        case cwmp.SetParameterAttributesResponse():
            return _with(situation, outcome.done(task, now, {}), _attributes_set(situation, task))
        case cwmp.AddObjectResponse():
            added = task.noting(instance_number=answer.instance_number, status=answer.status)
            return object_added(situation, added)
        case cwmp.DeleteObjectResponse():
            return _object_deleted(situation, outcome.done(task, now, {"status": answer.status}))
        case cwmp.DownloadResponse() | cwmp.UploadResponse():
            return _transfer_taken(situation, task, answer.status)
        case cwmp.ScheduleDownloadResponse():
            return _transfer_taken(situation, task, status=1)
        case cwmp.RebootResponse():
            return _with(situation, outcome.waiting(task, now + proof.BOOT_WAIT))
        case cwmp.FactoryResetResponse():
            return _with(situation, outcome.waiting(task, now + proof.RESET_WAIT))
        case cwmp.ScheduleInformResponse():
            delay = task.work.delay if isinstance(task.work, ScheduleInformWork) else 0
            return _with(situation, outcome.waiting(task, now + delay + proof.SCHEDULE_SLACK))
        case cwmp.GetRPCMethodsResponse():
            done = outcome.done(task, now, {"methods": list(answer.method_list)})
            told = methods.told(situation.device, situation.known_profile, answer.method_list)
            return _with(situation, done).then(told)
        case _:
            raise TypeError(f"no task awaits a {type(answer).__name__}")


def _awaited(task: Task) -> type[cwmp.Message]:
    """The kind of answer that this task's present request has."""
    if isinstance(task.work, AddObjectWork) and "instance_number" in task.evidence:
        return cwmp.SetParameterValuesResponse
    if when_idle.asked(task):
        return cwmp.ScheduleDownloadResponse
    return _ANSWERS[type(task.work)]


def _unsettled(situation: Situation) -> Changes:
    """An operator's task read or set parameters: its configuration may not be what it was taken for."""
    device = unsettled(situation.device)
    return Changes(device=device) if device is not situation.device else Changes()


def object_added(situation: Situation, task: Task) -> Changes:
    """The new instance is known: its values are set next, and what it holds is to be learnt."""
    work, device = task.work, situation.device
    if not isinstance(work, AddObjectWork):
        return Changes()
    path = f"{work.object}{task.evidence['instance_number']}."
    learning = None
    if device.learning in (Learning.COMPLETE, Learning.RUNNING):
        learning = reading_again(situation.learning, branches=(path,), whole=learner.whole(device))
    if not work.values:
        result = proof.added(task, task.evidence.get("status", 0))
        task = outcome.done(task, situation.now, result)
    news = ParameterChanges(names=(ParameterInfo(path, True),))
    return _with(situation, task, news).then(Changes(learning=learning))


def values_taken(situation: Situation, told: tuple[ParameterValue, ...], origin: str) -> Changes:
    """What is known once the phone took these values, whoever (`origin`) sent them."""
    device = _login(facts.told(_since_inform(situation.device, told), told), told, origin)
    state = situation.learning
    started = tuple(
        parent_of(value.name)
        for value in told
        if leaf_of(value.name) == "DiagnosticsState" and value.value == "Requested"
    )
    if started:
        state = state or LearningState()
        state = structs.replace(state, diagnostics=tuple(dict.fromkeys(state.diagnostics + started)))
    return Changes(
        device=device if device is not situation.device else None,
        learning=state if started else None,
        parameters=(values.set_values(told, situation.tree),),
    )


def _since_inform(device: Device, told: tuple[ParameterValue, ...]) -> Device:
    """The device whose last Inform does not speak of these names any more: a phone that took a value and goes
    on with the one before is heard when it says so in the next."""
    stale = device.inform_parameters.keys() & {value.name for value in told}
    if not stale:
        return device
    kept = {name: value for name, value in device.inform_parameters.items() if name not in stale}
    return structs.replace(device, inform_parameters=kept)


def _login(device: Device, told: tuple[ParameterValue, ...], origin: str) -> Device:
    """The device with the connection-request credentials it was just given."""
    by_name = {value.name: value.value for value in told}
    username = by_name.get(device.root + facts.CONNECTION_REQUEST_USERNAME)
    password = by_name.get(device.root + facts.CONNECTION_REQUEST_PASSWORD)
    if username is None and password is None:
        return device
    known = device.connection_request
    login = ConnectionRequestLogin(
        username=known.username if username is None else username,
        password=known.password if password is None else password,
        origin=origin,
    )
    return structs.replace(device, connection_request=login)


def _with(situation: Situation, task: Task, news: ParameterChanges | None = None) -> Changes:
    changes = outcome.changed(situation.now, task, was=situation.tasks)
    return changes.then(Changes(parameters=(news,))) if news else changes


def _values_set(situation: Situation, task: Task, status: int) -> Changes:
    work, now = task.work, situation.now
    # What went out is made again from the same task and tree: it need not be kept meanwhile.
    _, request = sending.request(task, situation)
    sent = request.parameter_list if isinstance(request, cwmp.SetParameterValues) else ()
    status = max(status, task.evidence.get("status", 0))
    task = task.noting(status=status)
    if isinstance(work, AddObjectWork):
        task = outcome.done(task, now, proof.added(task, status))
    else:
        groups = task.evidence.get(outcome.PROGRESS, {}).get("parts", [])[1:]
        if groups:
            task = task.noting(**{outcome.PROGRESS: {"parts": groups}}, standard_set=True)
        else:
            task = outcome.done(task, now, {"status": status})
    changes = _with(situation, task).then(values_taken(situation, sent, "operator"))
    return changes.then(_unsettled(situation.after(changes)))


def _attributes_set(situation: Situation, task: Task) -> ParameterChanges:
    """What is known now; of partial paths and half changes, only what is certain."""
    if not isinstance(task.work, SetParameterAttributesWork) or situation.tree is None:
        return ParameterChanges()
    told = []
    for name, wish in task.work.attributes.items():
        known = situation.tree.get(name)
        if known is None or name.endswith("."):
            continue
        notification = known.notification if wish.notification is None else wish.notification
        access_list = known.access_list if wish.access_list is None else wish.access_list
        if notification is not None:
            told.append(ParameterAttribute(name, notification, access_list or ()))
    return ParameterChanges(attributes=tuple(told))


def _object_deleted(situation: Situation, task: Task) -> Changes:
    path = task.work.object if isinstance(task.work, DeleteObjectWork) else ""
    return _with(situation, task, ParameterChanges(forget=(path,)) if path else None)


def _transfer_taken(situation: Situation, task: Task, status: int) -> Changes:
    """Accepted. Whether it is done is for the evidence to say, part of which may be here already (quirk
    34).
    """
    delay = task.work.delay if isinstance(task.work, DownloadWork | UploadWork) else 0
    wait = proof.patience(task)
    if wait == proof.TRANSFER_WAIT:
        wait += delay
    taken = outcome.waiting(task, situation.now + wait, status=status)
    return _with(situation, proof.settle(taken, situation.device.software_version, situation.now))


# --- faults -------------------------------------------------------------------------------------------------


def _refused(situation: Situation, task: Task, fault: cwmp.Fault) -> Changes:
    now, profile = situation.now, situation.known_profile
    match task.work:
        case GetParameterValuesWork() | GetParameterAttributesWork():
            task, changed = gathering.refused(task, fault, situation.tree, profile, now)
            news = Changes(profile=changed) if changed is not profile else Changes()
            return _with(situation, task).then(news)
        case SetParameterValuesWork() as work:
            return _set_refused(situation, task, work, fault)
        case AddObjectWork() as work if "instance_number" in task.evidence:
            if fault.fault_code in outcome.RETRYABLE:
                return _with(situation, outcome.refused(task, now, fault))
            path = f"{work.object}{task.evidence['instance_number']}."
            text = f"The object {path} exists now, but its values were not set: {outcome.fault_text(fault)}"
            failed = outcome.failed(task, now, fault.fault_code, text, outcome.parameter_texts(fault))
            return _with(situation, failed)
        case DownloadWork() if when_idle.refused(task, fault):
            task = task.noting(**{when_idle.EVIDENCE: "refused"})
            return _with(situation, outcome.again(task, now, outcome.fault_text(fault), fault.fault_code))
        case DeleteObjectWork() if fault.fault_code == _NO_SUCH_NAME and "maybe_deleted" in task.evidence:
            by = "9005 after a delete whose answer was lost"
            return _object_deleted(
                situation, outcome.done(task, now, {"status": 0, "proved_by": by}, proved_by=by)
            )
        case _:
            return _with(situation, outcome.refused(task, now, fault))


def _set_refused(
    situation: Situation, task: Task, work: SetParameterValuesWork, fault: cwmp.Fault
) -> Changes:
    """A set is atomic, so an operator's is not split behind their back. But where vendor leaves stood among
    standard ones and the phone did not say what it minded, its model is remembered as one that wants them
    apart (quirk 63), and the next such set is sent in two parts."""
    now, profile = situation.now, situation.known_profile
    refused = outcome.refused(task, now, fault)
    if task.evidence.get("standard_set") and refused.fault is not None:
        text = f"The standard parameters were set, the vendor's were not: {refused.fault.text}"
        return _with(situation, refused.replace(fault=structs.replace(refused.fault, text=text)))
    vendor = tuple(name for name in work.values if is_vendor(name))
    named = any(culprit.parameter_name for culprit in fault.parameter_faults)
    mixed = 0 < len(vendor) < len(work.values) and "sent_apart" not in task.evidence
    if not mixed or named or fault.fault_code != _INVALID_ARGUMENTS or refused.fault is None:
        return _with(situation, refused)
    set_apart = tuple(dict.fromkeys((*profile.set_apart, *vendor)))
    text = (
        f"{refused.fault.text}. It did not say which parameter; from now on its vendor's parameters are sent"
        " apart from the others, so trying again may help"
    )
    refused = refused.replace(fault=structs.replace(refused.fault, text=text))
    remembered = structs.replace(profile, set_apart=set_apart, version=profile.version + 1)
    return _with(situation, refused).then(Changes(profile=remembered))
