"""The queues by urgency: a worker empties the first before it looks at the next.

A worker does one job at a time, so that what is urgent waits for the job at hand and for no other. Jobs of
rollouts end after a few seconds; what goes over the whole fleet is in the last queue.
"""

from __future__ import annotations

#: what sees phones come and go, and tells of it
WATCH = "acs-watch"
#: rollouts of a priority above 0, schedules
URGENT = "acs-urgent"
USUAL = "acs"
#: rollouts of a priority below 0, and what has all the time in the world
LATER = "acs-later"

QUEUES = (WATCH, URGENT, USUAL, LATER)
