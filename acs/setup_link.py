"""The link by which the first user is made: new at each start while there is no user, good for a day."""

from __future__ import annotations

import base64
import os
import time

from acs.processes import StartError
from acs.store import users
from acs.store.errors import StoreError
from acs.store.runner_blocking import BlockingRunner

#: Seconds for which it holds.
LIFE = 24 * 3600


def make(redis_url: str, base: str) -> str:
    """A new link below this address, "" where there are users. Raises StartError."""
    secret = base64.urlsafe_b64encode(os.urandom(24)).decode()
    try:
        runner = BlockingRunner(redis_url)
        try:
            if runner.run(users.count()):
                return ""
            runner.run(users.add_link(users.link_digest(secret), ends=time.time() + LIFE))
        finally:
            runner.close()
    except (StoreError, ValueError) as error:
        raise StartError(f"cannot use Redis at {redis_url}: {error}") from None
    return f"{base.rstrip('/')}/setup?token={secret}"
