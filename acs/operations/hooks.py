"""Rules and webhooks: what is done when something happens. Secrets are written, and never read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from acs.datamodel.keys import Catalogue
from acs.fleet.hook import Delivery, Rule, Webhook
from acs.operations import selectors
from acs.operations.devices import TAG
from acs.operations.errors import Conflict, FieldError, Invalid, NotFound
from acs.operations.events import check_kind
from acs.operations.ports import Runner, moment
from acs.operations.selectors import NAME, NAMES, Name, Select
from acs.store import hooks as store

#: Bytes of a secret that the server makes.
_SECRET_BYTES = 24

Url = Annotated[str, Meta(max_length=2000)]
Secret = Annotated[str, Meta(min_length=16, max_length=200)]


class WebhookRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Without a secret, the server makes one."""

    name: Name
    url: Url
    secret: Secret | None = None
    enabled: bool = True


class WebhookChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    url: Url | UnsetType = UNSET
    secret: Secret | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class WebhookView(Struct, frozen=True, omit_defaults=True):
    """`secret` is told once, where the server made it."""

    name: str
    url: str
    enabled: bool
    at: datetime | None
    by: str
    secret: str = ""


class WebhookList(Struct, frozen=True):
    """By name. `waiting` calls are on their way, or wait to be tried again."""

    items: list[WebhookView]
    waiting: int


class DeadLetterView(Struct, frozen=True):
    """A call that was given up."""

    id: str
    webhook: str
    rule: str
    event: str
    kind: str
    device: str | None
    text: str
    at: datetime | None
    attempts: int
    last_at: datetime | None
    last_error: str


class DeadLetterList(Struct, frozen=True):
    """The last first."""

    items: list[DeadLetterView]


class RuleRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`on` names kinds of events, `*` all, `rollout_*` a family; `select` "" means all phones."""

    name: Name
    on: Annotated[list[str], Meta(min_length=1, max_length=50)]
    select: Select = ""
    webhook: str | None = None
    add_tags: list[str] = []
    remove_tags: list[str] = []
    enabled: bool = True


class RuleView(Struct, frozen=True):
    name: str
    on: list[str]
    select: str
    webhook: str | None
    add_tags: list[str]
    remove_tags: list[str]
    enabled: bool
    at: datetime | None
    by: str


class RuleList(Struct, frozen=True):
    """By name."""

    items: list[RuleView]


# --- webhooks -----------------------------------------------------------------------------------------------


async def list_webhooks(runner: Runner) -> WebhookList:
    found, waiting = await runner.run_all([store.webhooks(), store.waiting()])
    return WebhookList([_webhook(one) for one in found], waiting)


async def show_webhook(runner: Runner, name: str) -> WebhookView:
    return _webhook(await _find_webhook(runner, name))


async def create_webhook(
    runner: Runner, asked: WebhookRequest, *, randomness: Callable[[int], bytes], by: str, now: float
) -> WebhookView:
    """Raises Invalid, and Conflict for a name that is taken."""
    _check_name(asked.name, "webhook")
    _check_url(asked.url)
    if await runner.run(store.webhook(asked.name)) is not None:
        raise Conflict(f"There is a webhook {asked.name!r} already.")
    secret = asked.secret or randomness(_SECRET_BYTES).hex()
    made = Webhook(asked.name, asked.url, secret, asked.enabled, now, by)
    await runner.run(store.put_webhook(made))
    view = _webhook(made)
    return view if asked.secret else structs.replace(view, secret=secret)


async def change_webhook(
    runner: Runner, name: str, asked: WebhookChange, *, by: str, now: float
) -> WebhookView:
    before = await _find_webhook(runner, name)
    if asked.url is not UNSET:
        _check_url(asked.url)
    changes = {field: value for field, value in structs.asdict(asked).items() if value is not UNSET}
    after = structs.replace(before, **changes, at=now, by=by)
    await runner.run(store.put_webhook(after))
    return _webhook(after)


async def delete_webhook(runner: Runner, name: str) -> None:
    """Raises NotFound, and Conflict where a rule uses it."""
    using = [rule.name for rule in await runner.run(store.rules()) if rule.webhook == name]
    if using:
        raise Conflict(f"The webhook {name!r} is used by the rules {', '.join(using)}.")
    if not await runner.run(store.delete_webhook(name)):
        raise NotFound("webhook", name)


async def _find_webhook(runner: Runner, name: str) -> Webhook:
    found = await runner.run(store.webhook(name))
    if found is None:
        raise NotFound("webhook", name)
    return found


def _webhook(one: Webhook) -> WebhookView:
    return WebhookView(one.name, one.url, one.enabled, moment(one.at), one.by)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url or "@" in parts.netloc:
        allowed = "a URL that begins with http:// or https://, without a login"
        raise Invalid.field("url", "cannot be called", value=url, allowed=allowed)


# --- calls that were given up -------------------------------------------------------------------------------


async def dead_letters(runner: Runner) -> DeadLetterList:
    return DeadLetterList([_dead(one) for one in await runner.run(store.dead())])


async def resend(runner: Runner, name: str, *, now: float) -> DeadLetterView:
    """Begin again with one of them."""
    found = await runner.run(store.dead_one(name))
    if found is None or not await runner.run(store.resend(found, now)):
        raise NotFound("dead letter", name)
    return _dead(found)


async def drop(runner: Runner, name: str) -> None:
    if not await runner.run(store.drop_dead(name)):
        raise NotFound("dead letter", name)


def _dead(one: Delivery) -> DeadLetterView:
    event = one.event
    return DeadLetterView(
        one.id,
        one.webhook,
        one.rule,
        event.id,
        event.kind,
        event.device or None,
        event.text,
        moment(event.at),
        one.attempts,
        moment(one.last_at),
        one.last_error,
    )


# --- rules --------------------------------------------------------------------------------------------------


async def list_rules(runner: Runner) -> RuleList:
    return RuleList([_rule(one) for one in await runner.run(store.rules())])


async def show_rule(runner: Runner, name: str) -> RuleView:
    found = await runner.run(store.rule(name))
    if found is None:
        raise NotFound("rule", name)
    return _rule(found)


async def put_rule(
    runner: Runner, catalogue: Catalogue, asked: RuleRequest, *, replace: bool, by: str, now: float
) -> RuleView:
    """Make a rule, or replace the one of its name. Raises Invalid, Conflict and NotFound."""
    _check_name(asked.name, "rule")
    known = await runner.run(store.rule(asked.name))
    if known is not None and not replace:
        raise Conflict(f"There is a rule {asked.name!r} already.")
    if known is None and replace:
        raise NotFound("rule", asked.name)
    kinds = tuple(check_kind(kind, f"on[{number}]") for number, kind in enumerate(asked.on))
    select = await selectors.usable(runner, asked.select, catalogue, field="select")
    faults = [fault for name in ("add_tags", "remove_tags") for fault in _tag_faults(name, asked)]
    if faults:
        raise Invalid(faults)
    if asked.webhook and await runner.run(store.webhook(asked.webhook)) is None:
        known_ones = [one.name for one in await runner.run(store.webhooks())]
        raise Invalid.field("webhook", "is unknown", value=asked.webhook, allowed=known_ones)
    if not (asked.webhook or asked.add_tags or asked.remove_tags):
        raise Invalid.field("webhook", "nothing is done by this rule", allowed="a webhook, or tags")
    made = Rule(
        asked.name,
        kinds,
        select,
        asked.webhook or "",
        tuple(asked.add_tags),
        tuple(asked.remove_tags),
        asked.enabled,
        now,
        by,
    )
    await runner.run(store.put_rule(made))
    return _rule(made)


async def delete_rule(runner: Runner, name: str) -> None:
    if not await runner.run(store.delete_rule(name)):
        raise NotFound("rule", name)


def _rule(one: Rule) -> RuleView:
    return RuleView(
        one.name,
        list(one.kinds),
        one.select,
        one.webhook or None,
        list(one.add_tags),
        list(one.remove_tags),
        one.enabled,
        moment(one.at),
        one.by,
    )


def _tag_faults(field: str, asked: RuleRequest) -> list[FieldError]:
    tags: Any = getattr(asked, field)
    return [
        FieldError(f"{field}[{number}]", "is no tag", tag, "1 to 64 characters without blanks or commas")
        for number, tag in enumerate(tags)
        if not TAG.fullmatch(tag)
    ]


def _check_name(name: str, kind: str) -> None:
    if not NAME.fullmatch(name):
        raise Invalid.field("name", f"is no name of a {kind}", value=name, allowed=NAMES)
