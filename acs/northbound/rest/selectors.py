"""/api/v1/selectors: who is meant, under a name; and trying one without saving it."""

from __future__ import annotations

from acs.northbound.rest.replies import NO_CONTENT, Reply, created, ok
from acs.northbound.rest.routing import Call, Route
from acs.operations import selectors
from acs.operations.selectors import (
    SelectorChange,
    SelectorList,
    SelectorRequest,
    SelectorView,
    TriedView,
    TryRequest,
)
from acs.operations.tokens import Role


async def _list(call: Call) -> Reply:
    return ok(await selectors.list_all(call.services.runner))


async def _create(call: Call) -> Reply:
    services, asked = call.services, call.read(SelectorRequest)
    view = await selectors.create(
        services.runner, services.catalogue, asked, by=call.actor.name, now=call.now
    )
    return created(view, f"/api/v1/selectors/{view.name}")


async def _try(call: Call) -> Reply:
    services, asked = call.services, call.read(TryRequest)
    return ok(
        await selectors.attempt(services.runner, services.shapes, services.catalogue, asked, now=call.now)
    )


async def _show(call: Call) -> Reply:
    return ok(await selectors.show(call.services.runner, call.segment("selector")))


async def _change(call: Call) -> Reply:
    services, asked = call.services, call.read(SelectorChange)
    name = call.segment("selector")
    view = await selectors.change(
        services.runner, services.catalogue, name, asked, by=call.actor.name, now=call.now
    )
    return ok(view)


async def _delete(call: Call) -> Reply:
    await selectors.delete(call.services.runner, call.segment("selector"))
    return NO_CONTENT


_ALL = "/api/v1/selectors"
_SELECTOR = _ALL + "/{selector}"

ROUTES = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="The saved selectors",
        answers={200: SelectorList},
    ),
    Route(
        method="POST",
        path=_ALL,
        handle=_create,
        summary="Save a selector under a name",
        role=Role.OPERATOR,
        body=SelectorRequest,
        answers={201: SelectorView},
        problems=(409,),
    ),
    Route(
        method="POST",
        path=_ALL + "/try",
        limited=True,
        handle=_try,
        summary="Whom a selector means now, without saving it",
        body=TryRequest,
        answers={200: TriedView},
    ),
    Route(
        method="GET",
        path=_SELECTOR,
        handle=_show,
        summary="One saved selector",
        answers={200: SelectorView},
    ),
    Route(
        method="PATCH",
        path=_SELECTOR,
        handle=_change,
        summary="Change a saved selector; what is left out stays",
        role=Role.OPERATOR,
        body=SelectorChange,
        answers={200: SelectorView},
    ),
    Route(
        method="DELETE",
        path=_SELECTOR,
        handle=_delete,
        summary="Forget a saved selector that no other uses",
        role=Role.OPERATOR,
        answers={204: None},
        problems=(409,),
    ),
)
