"""/api/v1/backup: the whole server as one archive, written while it is read."""

from __future__ import annotations

import time

from twisted.web.resource import Resource

from acs.northbound.rest.routing import Call, Route
from acs.northbound.streaming import Streamed
from acs.operations import backups
from acs.operations.errors import Unavailable
from acs.operations.tokens import Role

_GZIP = "application/gzip"


async def _backup(call: Call) -> Resource:
    source = call.services.backup
    if source is None:
        raise Unavailable("This server has no data directory that could be backed up.")
    backup = await backups.begin(call.services.runner, source, now=call.now)
    name = time.strftime("acs-%Y%m%d-%H%M%S.tar.gz", time.gmtime(call.now))
    saved = ("Content-Disposition", f'attachment; filename="{name}"')
    return Streamed(backup.pieces(), _GZIP, (saved,))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/backup",
        handle=_backup,
        summary="The whole server, state and stored files, as one archive for `acs restore`; one at a time",
        role=Role.ADMIN,
        changes=True,
        operation="backup",
        answers={200: {_GZIP: bytes}},
        problems=(409,),
    ),
)
