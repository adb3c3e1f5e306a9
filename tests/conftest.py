"""The reactor that the server runs on, installed before any test module can bring in another.

Importing Klein, and much of Twisted, installs the default reactor; the store needs the one on asyncio.
"""

from __future__ import annotations

import asyncio

from twisted.internet import asyncioreactor

asyncioreactor.install(asyncio.new_event_loop())
