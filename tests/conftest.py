"""The reactor that the server runs on, installed before any test module can bring in another.

Importing Klein, and much of Twisted, installs the default reactor; the store needs the one on asyncio.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from twisted.internet import asyncioreactor
from xdist.scheduler import LoadFileScheduling

asyncioreactor.install(asyncio.new_event_loop())


class _ByFile(LoadFileScheduling):
    """Files run whole, each in one process: what a file starts is started once, its tests are in order.

    The browser's files count as one: they share a browser and a server. (With pytest 9.2 the marks of xdist's
    `loadgroup` come to nothing.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browser" if "tests/browser/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return _ByFile(config, log)
