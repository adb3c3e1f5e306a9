"""Configuration: layers looked at and written, what they make of a phone, drift, dry run, apply, verify."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, structs

from acs.northbound.rest.tasks import PATIENCE_BESIDE_TASK
from acs.northbound.soap.devices import LOOK, TOUCH, send_wake
from acs.northbound.soap.operations import Asking, Change, Device, Operation, Rule
from acs.operations import configuration, configuration_drift, configuration_plan, configuration_targets
from acs.operations.actors import Role
from acs.operations.configuration import Expected
from acs.operations.configuration_drift import ApplyRequest, ApplyView, DriftView
from acs.operations.configuration_plan_views import PlanRequest, PlanView
from acs.operations.configuration_targets import Target
from acs.operations.configuration_values import Given
from acs.operations.configuration_views import ConfigRequest, LayerView, Now, PhoneConfigView, Reason
from acs.operations.errors import Invalid
from acs.operations.planned_changes import Server
from acs.operations.tasks import TaskView

FORM = "fleet, model:NAME, group:NAME or phone:ID"

Layer = Annotated[str, Meta(min_length=1, max_length=520, description=FORM)]


class GetConfiguration(Struct, frozen=True):
    layer: Layer


class SetConfiguration(Struct, frozen=True):
    layer: Layer
    values: dict[str, Given]
    reason: Reason = ""
    now: Now = False
    #: refused with a StaleFault where another version is stored
    expected_version: Annotated[int, Meta(ge=0, description="of the layer before the change")] | None = None


class PatchConfiguration(SetConfiguration, frozen=True):
    pass


class GetEffectiveConfiguration(Struct, frozen=True):
    device: Device


class GetDrift(Struct, frozen=True):
    device: Device


class PlanConfiguration(PlanRequest, frozen=True):
    pass


class ApplyConfiguration(Struct, frozen=True):
    device: Device
    now: Annotated[bool, Meta(description="it may reboot for it, outside the window too")] = False
    wake: Annotated[bool, Meta(description="send a connection request as well")] = False


class VerifyConfiguration(Struct, frozen=True):
    device: Device
    wake: Annotated[bool, Meta(description="send a connection request as well")] = False


def _of_phone(asked: Any) -> bool:
    return bool(asked.layer.startswith("phone:"))


def _look(asked: Any) -> Rule:
    return LOOK if _of_phone(asked) else Rule(Role.VIEWER)


def _write_rule(asked: Any) -> Rule:
    return TOUCH if _of_phone(asked) else Rule(Role.ENGINEER)


def _object(asked: Any, _: Any) -> str:
    """As REST's paths name it."""
    kind, _, name = asked.layer.partition(":")
    rooms = {"model": "models", "group": "groups", "phone": "devices"}
    return f"{rooms[kind]}/{name}/config" if kind in rooms else "config"


async def _target(asking: Asking, layer: str) -> Target:
    runner, catalogue = asking.services.runner, asking.services.catalogue
    kind, colon, name = layer.partition(":")
    if layer == "fleet":
        return configuration_targets.fleet(catalogue)
    if colon and name:
        if kind == "model":
            return configuration_targets.model(catalogue, name)
        if kind == "group":
            return await configuration_targets.group(runner, catalogue, name)
        if kind == "phone":
            return await configuration_targets.phone(runner, catalogue, name)
    raise Invalid.field("layer", "is no layer", value=layer, allowed=FORM)


async def _phone(asking: Asking, device: str) -> Target:
    return await configuration_targets.phone(asking.services.runner, asking.services.catalogue, device)


async def _get(asking: Asking, asked: GetConfiguration) -> LayerView:
    return await configuration.show(asking.services.runner, await _target(asking, asked.layer))


async def _set(asking: Asking, asked: SetConfiguration) -> LayerView:
    replace = not isinstance(asked, PatchConfiguration)
    expected = frozenset((asked.expected_version,)) if asked.expected_version is not None else None
    return await configuration.write(
        asking.services.runner,
        await _target(asking, asked.layer),
        ConfigRequest(asked.values, asked.reason, asked.now),
        replace=replace,
        expected=Expected(expected),
        by=asking.by,
        now=asking.now,
    )


async def _effective(asking: Asking, asked: GetEffectiveConfiguration) -> PhoneConfigView:
    view = await configuration.show(asking.services.runner, await _phone(asking, asked.device))
    assert isinstance(view, PhoneConfigView)
    return view


async def _drift(asking: Asking, asked: GetDrift) -> DriftView:
    services = asking.services
    return await configuration_drift.show(
        services.runner,
        services.shapes,
        services.catalogue,
        services.config_window,
        await _phone(asking, asked.device),
        now=asking.now,
    )


async def _plan(asking: Asking, asked: PlanConfiguration) -> PlanView:
    services = asking.services
    server = Server(services.shapes, services.catalogue, services.config_window)
    wanted = msgspec.convert(msgspec.to_builtins(asked), PlanRequest)
    return await configuration_plan.make(services.runner, server, wanted, now=asking.now)


async def _apply(asking: Asking, asked: ApplyConfiguration) -> ApplyView:
    target = await _phone(asking, asked.device)
    view = await configuration_drift.apply(
        asking.services.runner, target, ApplyRequest(asked.now), by=asking.by, now=asking.now
    )
    if asked.wake:
        device_id = configuration_drift.called(target).device.id
        view = structs.replace(view, wake=await send_wake(asking, device_id, PATIENCE_BESIDE_TASK))
    return view


async def _verify(asking: Asking, asked: VerifyConfiguration) -> TaskView:
    services = asking.services
    task = await configuration_drift.verify(
        services.runner,
        services.shapes,
        await _phone(asking, asked.device),
        by=asking.by,
        now=asking.now,
        randomness=services.randomness,
    )
    if asked.wake:
        task = structs.replace(task, wake=await send_wake(asking, task.device, PATIENCE_BESIDE_TASK))
    return task


def _writing(name: str, summary: str, request: type[Struct], verb: str) -> Operation:
    return Operation(
        name=name,
        summary=summary,
        request=request,
        answer=LayerView,
        perform=_set,
        rule=_write_rule,
        change=Change(operation=f"config.{verb}", on=_object, before=_get),
    )


OPERATIONS = (
    Operation(
        name="GetConfiguration",
        summary="A layer of desired configuration: the fleet's, a model's, a group's or a phone's own",
        request=GetConfiguration,
        answer=LayerView,
        perform=_get,
        rule=_look,
    ),
    _writing("SetConfiguration", "Replace the values of a layer", SetConfiguration, "put"),
    _writing(
        "PatchConfiguration",
        "Change some values of a layer; a key without a value is taken away",
        PatchConfiguration,
        "change",
    ),
    Operation(
        name="GetEffectiveConfiguration",
        summary="What a phone ought to be configured to by all of its layers, and which layer says so",
        request=GetEffectiveConfiguration,
        answer=PhoneConfigView,
        perform=_effective,
        rule=LOOK,
    ),
    Operation(
        name="GetDrift",
        summary="Desired against known, key by key: what is not known to be on the phone, and why",
        request=GetDrift,
        answer=DriftView,
        perform=_drift,
        rule=LOOK,
    ),
    Operation(
        name="PlanConfiguration",
        summary="What a change of configuration would come to, phone by phone, without touching any",
        request=PlanConfiguration,
        answer=PlanView,
        perform=_plan,
        rule=LOOK,
        waits=True,
    ),
    Operation(
        name="ApplyConfiguration",
        summary="Have the phone's next session look at its configuration again; with now it may reboot",
        request=ApplyConfiguration,
        answer=ApplyView,
        perform=_apply,
        rule=TOUCH,
        change=Change(
            operation="devices.config.apply", on=lambda asked, _: f"devices/{asked.device}/config/apply"
        ),
    ),
    Operation(
        name="VerifyConfiguration",
        summary="Have the phone upload its configuration, which is then compared key by key",
        request=VerifyConfiguration,
        answer=TaskView,
        perform=_verify,
        rule=TOUCH,
        change=Change(
            operation="devices.config.verify.create",
            on=lambda asked, task: f"tasks/{task.id}" if task else f"devices/{asked.device}/config/verify",
        ),
    ),
)
