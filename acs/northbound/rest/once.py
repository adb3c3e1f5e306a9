"""Idempotency-Key: a creation that is asked for again with the same key is not done again.

The first answer is kept for a day and given again; the header `Idempotency-Replayed` tells. What failed is
not kept, so that it can be tried again with the same key. A secret is not kept either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256

from twisted.web.resource import Resource

from acs.northbound.rest.replies import Reply
from acs.northbound.rest.routing import JSON_LIMIT, Call, Route
from acs.operations.errors import Conflict, Invalid
from acs.store import once as store
from acs.store.once import Done

HEADER = b"idempotency-key"
LONGEST = 255


async def perform(
    call: Call, route: Route, work: Callable[[], Awaitable[Reply | Resource]]
) -> Reply | Resource:
    """Do the work, or answer as the first time. Raises Invalid for a key that stands for something else."""
    key = call.request.getHeader(HEADER)
    if key is None or not route.creates:
        return await work()
    if not 0 < len(key) <= LONGEST or not all(32 < letter < 127 for letter in key):
        allowed = f"1 to {LONGEST} printable characters without blanks"
        raise Invalid.field("Idempotency-Key", "cannot be used", value=key.decode("latin-1"), allowed=allowed)
    digest = sha256(b"%b %b" % (call.actor.key.encode(), key)).hexdigest()
    asked = sha256(b"%b\n%b" % (call.request.uri, call.body.whole(JSON_LIMIT))).hexdigest()
    runner = call.services.runner
    known = await runner.run(store.begin(digest, asked))
    if known is not None:
        return _again(known, asked, key.decode("latin-1"))
    try:
        answer = await work()
    except BaseException:
        await runner.run(store.give_up(digest))
        raise
    if not isinstance(answer, Reply):
        await runner.run(store.give_up(digest))
        return answer
    body = b"" if route.shows_secret else answer.encoded()
    done = Done(asked, answer.status, body, answer.headers, answer.content_type, route.shows_secret)
    await runner.run(store.finish(digest, done))
    return answer


def _again(known: Done, asked: str, key: str) -> Reply:
    if known.asked != asked:
        raise Invalid.field(
            "Idempotency-Key", "was used for another request", value=key, allowed="a new key for each request"
        )
    if not known.status:
        raise Conflict("The first request with this Idempotency-Key is still under way; ask again shortly.")
    if known.secret:
        raise Conflict("This was done with the first request; its secret was shown then and is not kept.")
    headers = (*known.headers, ("Idempotency-Replayed", "true"))
    return Reply(known.status, known.body, headers, known.content_type)
