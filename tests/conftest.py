"""The reactor that the server runs on, installed before any test module can bring in another.

Importing Klein, and much of Twisted, installs the default reactor; the store needs the one on asyncio.
"""

from __future__ import annotations

import asyncio

import pytest
from twisted.internet import asyncioreactor

asyncioreactor.install(asyncio.new_event_loop())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files run whole, each in one process: what a file starts is started once, its tests are in order."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
