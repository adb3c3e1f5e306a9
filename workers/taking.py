"""What is due is taken for a while by whoever enqueues its job; what was left over is found page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rq import Queue, Retry
from rq.exceptions import DuplicateJobError

from acs.store.calls import Steps
from acs.store.runner_blocking import BlockingRunner

#: Ids in one page.
PAGE = 500


def enqueue(
    queue: Queue, job: str, kind: str, identifier: str, *, until: float, lease: float, description: str
) -> None:
    """The job for what is taken until then, `lease` seconds long; nothing where it is enqueued already.

    One that fails is tried again at once, then kept among RQ's failed jobs for a week.
    """
    try:
        queue.enqueue(
            job,
            identifier,
            until,
            job_id=f"{kind}-{identifier}-{int(until * 1000)}",
            unique=True,
            description=description,
            meta={kind: identifier},
            job_timeout=120,
            ttl=int(2 * lease),
            result_ttl=60,
            failure_ttl=7 * 86_400,
            retry=Retry(max=2, interval=[1, 5]),
        )
    except DuplicateJobError:
        return


def pages(runner: BlockingRunner, ids: Callable[..., Steps[list[str]]]) -> Iterator[list[str]]:
    """All ids that there are, a page at a time; `ids` is a store's, which goes on behind one."""
    listed = runner.drive(ids(after="", limit=PAGE))
    while listed:
        yield listed
        listed = runner.drive(ids(after=listed[-1], limit=PAGE))
