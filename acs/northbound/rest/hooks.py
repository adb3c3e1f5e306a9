"""/api/v1/rules and /api/v1/webhooks: what is done when something happens."""

from __future__ import annotations

from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import hooks
from acs.operations.errors import Invalid
from acs.operations.hooks import (
    DeadLetterList,
    DeadLetterView,
    RuleList,
    RuleRequest,
    RuleView,
    WebhookChange,
    WebhookList,
    WebhookRequest,
    WebhookView,
)
from acs.operations.tokens import Role

_RULES = "/api/v1/rules"
_RULE = _RULES + "/{rule}"
_WEBHOOKS = "/api/v1/webhooks"
_WEBHOOK = _WEBHOOKS + "/{webhook}"
_DEAD = "/api/v1/dead-letters"


async def _list_webhooks(call: Call) -> Reply:
    return ok(await hooks.list_webhooks(call.services.runner))


async def _create_webhook(call: Call) -> Reply:
    services, asked = call.services, call.read(WebhookRequest)
    view = await hooks.create_webhook(
        services.runner, asked, randomness=services.randomness, by=call.actor.name, now=call.now
    )
    return created(view, f"{_WEBHOOKS}/{view.name}")


async def _show_webhook(call: Call) -> Reply:
    return ok(await hooks.show_webhook(call.services.runner, call.segment("webhook")))


async def _change_webhook(call: Call) -> Reply:
    name, asked = call.segment("webhook"), call.read(WebhookChange)
    return ok(await hooks.change_webhook(call.services.runner, name, asked, by=call.actor.name, now=call.now))


async def _delete_webhook(call: Call) -> Reply:
    await hooks.delete_webhook(call.services.runner, call.segment("webhook"))
    return NO_CONTENT


async def _dead_letters(call: Call) -> Reply:
    return ok(await hooks.dead_letters(call.services.runner))


async def _resend(call: Call) -> Reply:
    return ok(await hooks.resend(call.services.runner, call.segment("letter"), now=call.now))


async def _drop(call: Call) -> Reply:
    await hooks.drop(call.services.runner, call.segment("letter"))
    return NO_CONTENT


async def _list_rules(call: Call) -> Reply:
    return ok(await hooks.list_rules(call.services.runner))


async def _create_rule(call: Call) -> Reply:
    view = await _put(call, call.read(RuleRequest), replace=False)
    return created(view, f"{_RULES}/{view.name}")


async def _replace_rule(call: Call) -> Reply:
    asked, name = call.read(RuleRequest), call.segment("rule")
    if asked.name != name:
        raise Invalid.field("name", "is not the rule of the path", value=asked.name, allowed=name)
    return ok(await _put(call, asked, replace=True))


async def _put(call: Call, asked: RuleRequest, *, replace: bool) -> RuleView:
    services = call.services
    return await hooks.put_rule(
        services.runner, services.catalogue, asked, replace=replace, by=call.actor.name, now=call.now
    )


async def _show_rule(call: Call) -> Reply:
    return ok(await hooks.show_rule(call.services.runner, call.segment("rule")))


async def _delete_rule(call: Call) -> Reply:
    await hooks.delete_rule(call.services.runner, call.segment("rule"))
    return NO_CONTENT


ROUTES = (
    Route(
        method="GET",
        path=_RULES,
        handle=_list_rules,
        summary="What is done when something happens",
        answers={200: RuleList},
    ),
    Route(
        method="POST",
        path=_RULES,
        handle=_create_rule,
        summary="Make a rule",
        role=Role.ENGINEER,
        body=RuleRequest,
        answers={201: RuleView},
        problems=(409,),
    ),
    Route(method="GET", path=_RULE, handle=_show_rule, summary="One rule", answers={200: RuleView}),
    Route(
        method="PUT",
        path=_RULE,
        handle=_replace_rule,
        summary="Replace a rule",
        role=Role.ENGINEER,
        body=RuleRequest,
        answers={200: RuleView},
    ),
    Route(
        method="DELETE",
        path=_RULE,
        handle=_delete_rule,
        summary="Forget a rule",
        role=Role.ENGINEER,
        answers={204: None},
    ),
    Route(
        method="GET",
        path=_WEBHOOKS,
        handle=_list_webhooks,
        summary="The webhooks, without their secrets",
        answers={200: WebhookList},
    ),
    Route(
        method="POST",
        path=_WEBHOOKS,
        handle=_create_webhook,
        summary="Make a webhook; a secret that the server makes is told here and never again",
        role=Role.ENGINEER,
        body=WebhookRequest,
        answers={201: WebhookView},
        problems=(409,),
    ),
    Route(
        method="GET", path=_WEBHOOK, handle=_show_webhook, summary="One webhook", answers={200: WebhookView}
    ),
    Route(
        method="PATCH",
        path=_WEBHOOK,
        handle=_change_webhook,
        summary="Change a webhook; what is left out stays",
        role=Role.ENGINEER,
        body=WebhookChange,
        answers={200: WebhookView},
    ),
    Route(
        method="DELETE",
        path=_WEBHOOK,
        handle=_delete_webhook,
        summary="Forget a webhook that no rule uses",
        role=Role.ENGINEER,
        answers={204: None},
        problems=(409,),
    ),
    Route(
        method="GET",
        path=_DEAD,
        handle=_dead_letters,
        summary="Calls of webhooks that were given up",
        answers={200: DeadLetterList},
    ),
    Route(
        method="POST",
        path=_DEAD + "/{letter}/resend",
        handle=_resend,
        summary="Make a call again that was given up",
        role=Role.OPERATOR,
        answers={200: DeadLetterView},
    ),
    Route(
        method="DELETE",
        path=_DEAD + "/{letter}",
        handle=_drop,
        summary="Forget a call that was given up",
        role=Role.OPERATOR,
        answers={204: None},
    ),
)
