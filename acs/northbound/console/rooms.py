"""The table of pages, and the console as rooms of the web port: by the first part of the path."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.web.resource import Resource

from acs.northbound.console import (
    alarms,
    connecting,
    entrance,
    fleet,
    layers,
    live,
    people,
    phone,
    phone_groups,
    phone_traces,
    phones,
    rollout,
    rollout_ending,
    rollout_schedules,
    rollout_steering,
    rollout_wizard,
    rollouts,
    server,
    static_files,
    stored_files,
)
from acs.northbound.console.application import make_console
from acs.northbound.rest.routing import Services

PAGES = (
    *fleet.PAGES,
    *phones.PAGES,
    *phone.PAGES,
    *phone_traces.PAGES,
    *layers.PAGES,
    *rollouts.PAGES,
    *rollout_schedules.PAGES,
    *rollout_wizard.PAGES,
    *rollout_ending.PAGES,
    *rollout.PAGES,
    *rollout_steering.PAGES,
    *stored_files.PAGES,
    *phone_groups.PAGES,
    *connecting.PAGES,
    *alarms.PAGES,
    *people.PAGES,
    *server.PAGES,
    *entrance.PAGES,
    *static_files.PAGES,
    *live.PAGES,
)


def rooms(services: Services) -> Mapping[bytes, Resource]:
    """The console under each first part of a path that one of its pages has; "" is the first page."""
    resource = make_console(services, PAGES).resource()
    return {page.path.split("/")[1].encode(): resource for page in PAGES}
