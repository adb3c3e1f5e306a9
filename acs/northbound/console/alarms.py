"""Alerts, what happened lately, and the rules by which events call webhooks and set tags."""

from __future__ import annotations

from typing import Any

from acs.northbound.console import notices, pages
from acs.northbound.console.visits import Answer, Page, Visit
from acs.operations import alerts, events, hooks, validation
from acs.operations.actors import Role
from acs.operations.errors import Conflict, Invalid
from acs.operations.hooks import RuleRequest, WebhookRequest

_ALERTS = 50
_EVENTS = 30

pages.part("alerts-list", "events-list")


async def _show(visit: Visit, **more: Any) -> Answer:
    context: dict[str, Any] = {"kind": visit.query.text("kind"), "kinds": events.KINDS}
    if visit.part in ("", "alerts-list"):
        context["alerts"] = (await alerts.list_all(visit.runner, state="all", limit=_ALERTS)).items
    if visit.part in ("", "events-list"):
        kind = context["kind"]
        page = await events.page(visit.runner, since="", kind=kind, device="", limit=_EVENTS)
        context["events"] = page.items[::-1]
    if not visit.part:
        context |= {
            "rules": (await hooks.list_rules(visit.runner)).items,
            "webhooks": await hooks.list_webhooks(visit.runner),
            "dead": (await hooks.dead_letters(visit.runner)).items,
            "faults": [],
            "given": {},
            "secret": "",
        }
    return pages.show(visit, "alerts.html", **{**context, **more})


async def _close(visit: Visit) -> Answer:
    name = visit.segment("alert")
    alert = await alerts.close(visit.runner, name, by=visit.actor.name, now=visit.now)
    visit.tell(f"alerts/{name}", new={"site": alert.site, "state": alert.state})
    return notices.done(
        "/alerts", f"The alert of {alert.site} is closed. It opens again if the site loses more."
    )


async def _rule(visit: Visit) -> Answer:
    form = visit.form()
    given: dict[str, Any] = {
        "name": form.text("name"),
        "on": form.every("on"),
        "select": form.text("select"),
        "webhook": form.text("webhook") or None,
        "add_tags": form.text("add_tags").split(),
        "remove_tags": form.text("remove_tags").split(),
        "enabled": True,
    }
    try:
        asked = validation.read(RuleRequest, given)
        made = await hooks.put_rule(
            visit.runner,
            visit.services.catalogue,
            asked,
            replace=False,
            by=visit.actor.name,
            now=visit.now,
        )
    except (Invalid, Conflict) as error:
        return await _show(visit, status=422, faults=pages.faults_of(error), given=given)
    visit.tell(f"rules/{made.name}", new=made)
    return notices.done("/alerts", f"The rule {made.name} holds from the next event on.")


async def _change_rule(visit: Visit) -> Answer:
    name = visit.segment("rule")
    before = await hooks.show_rule(visit.runner, name)
    if visit.form().text("deed") == "delete":
        if not pages.confirmed(visit):
            return pages.ask(
                visit,
                title=f"Delete the rule {name}",
                text="Events no longer do what it says.",
                button="Delete the rule",
                back="/alerts",
                facts=[("On", ", ".join(before.on)), ("Phones", before.select or "all")],
            )
        await hooks.delete_rule(visit.runner, name)
        visit.tell(f"rules/{name}", old=before)
        return notices.done("/alerts", f"The rule {name} is deleted.")
    asked = RuleRequest(
        before.name,
        before.on,
        before.select,
        before.webhook,
        before.add_tags,
        before.remove_tags,
        not before.enabled,
    )
    after = await hooks.put_rule(
        visit.runner, visit.services.catalogue, asked, replace=True, by=visit.actor.name, now=visit.now
    )
    visit.tell(f"rules/{name}", old={"enabled": before.enabled}, new={"enabled": after.enabled})
    return notices.done("/alerts", f"The rule {name} is {'on' if after.enabled else 'off'}.")


async def _webhook(visit: Visit) -> Answer:
    form = visit.form()
    given = {"name": form.text("name"), "url": form.text("url")}
    try:
        asked = validation.read(WebhookRequest, given)
        made = await hooks.create_webhook(
            visit.runner,
            asked,
            randomness=visit.services.randomness,
            by=visit.actor.name,
            now=visit.now,
        )
    except (Invalid, Conflict) as error:
        return await _show(visit, status=422, faults=pages.faults_of(error), given=given)
    visit.tell(f"webhooks/{made.name}", new={"url": made.url})
    return await _show(visit, status=201, secret=made.secret, given={"hook": made.name})


async def _delete_webhook(visit: Visit) -> Answer:
    name = visit.segment("webhook")
    if not pages.confirmed(visit):
        return pages.ask(
            visit,
            title=f"Delete the webhook {name}",
            text="It is called no more, and its secret is forgotten.",
            button="Delete the webhook",
            back="/alerts",
        )
    before = await hooks.show_webhook(visit.runner, name)
    await hooks.delete_webhook(visit.runner, name)
    visit.tell(f"webhooks/{name}", old=before)
    return notices.done("/alerts", f"The webhook {name} is deleted.")


async def _dead(visit: Visit) -> Answer:
    name = visit.segment("letter")
    if visit.form().text("deed") == "drop":
        await hooks.drop(visit.runner, name)
        said = "Dropped."
    else:
        await hooks.resend(visit.runner, name, now=visit.now)
        said = "It is tried again."
    visit.tell(f"dead_letters/{name}", new={"deed": visit.form().text("deed")})
    return notices.done("/alerts", said)


PAGES = (
    Page(method="GET", path="/alerts", handle=_show),
    Page(method="POST", path="/alerts/{alert}/close", handle=_close, role=Role.OPERATOR, deed="alerts.close"),
    Page(method="POST", path="/alerts/rules", handle=_rule, role=Role.ENGINEER, deed="rules.create"),
    Page(
        method="POST",
        path="/alerts/rules/{rule}",
        handle=_change_rule,
        role=Role.ENGINEER,
        deed="rules.change",
    ),
    Page(method="POST", path="/alerts/webhooks", handle=_webhook, role=Role.ENGINEER, deed="webhooks.create"),
    Page(
        method="POST",
        path="/alerts/webhooks/{webhook}",
        handle=_delete_webhook,
        role=Role.ENGINEER,
        deed="webhooks.delete",
    ),
    Page(
        method="POST",
        path="/alerts/dead/{letter}",
        handle=_dead,
        role=Role.OPERATOR,
        deed="webhooks.dead.change",
    ),
)
