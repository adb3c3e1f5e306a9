"""The path of the metrics, and who may read them: viewers of the whole fleet; Prometheus by a token of its
own (setting `metrics_token`), or everybody (`metrics_access open`)."""

from __future__ import annotations

import hmac

from twisted.web.server import Request

from acs.northbound.metrics import exposition
from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import Call, Route, Services
from acs.operations import metrics


def admits(services: Services, request: Request) -> bool:
    """Whether this request may read the metrics without an API token."""
    if services.metrics_open:
        return True
    wanted, shown = services.metrics_token.encode(), request.getHeader(b"authorization") or b""
    scheme, _, token = shown.partition(b" ")
    return bool(wanted) and scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), wanted)


async def _metrics(call: Call) -> Reply:
    figures = await metrics.gather(call.services.runner, call.services.files, now=call.now)
    body = exposition.text(figures, call.services.version)
    return Reply(200, body, content_type=exposition.CONTENT_TYPE)


ROUTES = (
    Route(
        method="GET",
        path="/metrics",
        handle=_metrics,
        summary="The server's figures in Prometheus' text format",
        answers={200: {exposition.CONTENT_TYPE: str}},
        admits=admits,
    ),
)
