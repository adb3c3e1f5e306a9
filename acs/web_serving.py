"""What the settings say of the web port, and how long the audit is kept."""

from __future__ import annotations

import time

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from acs.northbound import proxies
from acs.northbound.web import Web
from acs.operations.provider import Provider
from acs.operations.role_mapping import read_roles
from acs.settings import Settings
from acs.store import audit
from acs.store.runner_reactor import ReactorRunner

log = structlog.get_logger("acs")

#: Seconds between two looks at how old the audit is.
AUDIT_PAUSE = 6 * 3600

_DAY = 86_400


def web_of(settings: Settings) -> Web:
    """The settings were checked before (`acs.app`)."""
    return Web(
        url=settings.web_url,
        proxies=proxies.read(settings.trusted_proxies),
        origins=frozenset(_listed(settings.cors_origins)),
        rate_limit=settings.rate_limit,
        provider=_provider(settings),
    )


def _provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        settings.oidc_claim,
        read_roles(settings.oidc_roles),
    )


def keep_audit_short(runner: ReactorRunner, days: int) -> LoopingCall:
    """From now on, let go of entries of the audit that are older than so many days. Gives what to stop."""

    def look() -> Deferred[None]:
        call = runner.run(audit.drop_older(time.time() - days * _DAY))
        return call.addErrback(lambda failure: log.warning("audit not shortened", reason=str(failure.value)))

    looking = LoopingCall(look)
    looking.start(AUDIT_PAUSE)
    return looking


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
