"""Every key in Redis: its name, type, owner and size. Nothing else in the project spells a key.

A device's keys carry its device key (`acs.fleet.identity.device_key`, 16 hex digits) in braces: the hash tag
that keeps all of them in one cluster slot, so that one script may touch them together.

| key                | type   | holds; who writes it; size                                                   |
|--------------------|--------|-------------------------------------------------------------------------------|
| acs:{KEY}:d        | string | device record, msgpack; sessions; 0.4-1.2 KB                                 |
| acs:{KEY}:o        | string | operator notes, msgpack; operations; 50-300 B                                |
| acs:{KEY}:w        | string | how the last connection request went; southbound's wake; 60 B                |
| acs:{KEY}:s        | string | sid, seq and session, expires; sessions; 200 B for minutes                   |
| acs:{KEY}:t        | hash   | open tasks by id, and their stamp; sessions, operations, file server, jobs;  |
|                    |        | 300 B a task, gone when there is none                                        |
| acs:{KEY}:f:TASK   | string | a finished task, expires; who writes `t`; 0.2-2 KB                           |
| acs:{KEY}:F        | list   | ids of finished tasks, newest first, capped; who writes `t`; 30 B a task     |
| acs:{KEY}:q        | string | learning state; sessions; 0.1-20 KB, while the phone is being learnt         |
| acs:{KEY}:p        | string | parameter tree against its model's shape; sessions; 0.3-3 KB                 |
| acs:{KEY}:l        | list   | timeline, newest first, capped; sessions, operations; 50-150 B a line        |
| acs:{KEY}:W        | list   | connection requests and what came of them, newest first, capped; southbound; |
|                    |        | 80 B each                                                                    |
| acs:{KEY}:u        | string | where its STUN binding leads, expires; southbound; 30 B                      |
| acs:{KEY}:c        | string | the phone's own layer: version, msgpack; operations; 20 B a key              |
| acs:{KEY}:C        | list   | its versions, newest first, capped; operations; 100 B each                   |
| acs:{KEY}:k        | hash   | known values of keys with their proof, msgpack; sessions, file server;       |
|                    |        | 60 B a key                                                                   |
| acs:{KEY}:g        | string | the provisioning files it fetched last, msgpack; file server; 150 B          |
| acs:{KEY}:x        | hash   | its recorded sessions by id, msgpack, and the bytes of each; sessions; 150 B |
|                    |        | each                                                                         |
| acs:{KEY}:x:TRACE  | list   | how one of them began and its messages, compressed, expires; sessions;       |
|                    |        | 5-300 KB                                                                     |
| acs:{mac:MAC}:a    | string | a phone that is awaited, msgpack; operations, until it calls; 100 B          |
| acs:{mac:MAC}:c    | string | its layer, as `acs:{KEY}:c`; so is `:C`                                      |
| acs:{mac:MAC}:g    | string | of a phone that fetches and has not called yet: as `acs:{KEY}:g`, expires;   |
|                    |        | so are `:k` and `:l`                                                         |
| acs:strangers      | zset   | MAC addresses of those by their last fetch, capped; file server; 60 B each   |
| acs:awaited        | zset   | MAC addresses of awaited phones, score 0; operations, sessions; 60 B each    |
| acs:macs           | hash   | device id by MAC address; sessions; 80 B a device                            |
| acs:{config}:e     | string | epoch: how often shared layers or groups changed; operations                 |
| acs:{config}:x     | zset   | names of shared layers by the epoch of their last change; operations         |
| acs:{config}:l:NAME| string | a layer that phones share: version, msgpack; operations; 20 B a key          |
| acs:{config}:h:NAME| list   | its versions, newest first, capped; operations; 100 B each                   |
| acs:{config}:g     | hash   | groups by name, msgpack; operations; 100 B a group                           |
| acs:{config}:m:NAME| zset   | ids of a group's members, score 0, awaited ones as ~MAC; operations,         |
|                    |        | sessions; 130 B a member                                                     |
| acs:devices        | zset   | all device ids, score 0, so in lexical order; sessions; 130 B a device       |
| acs:{x}:d          | hash   | what the index has of a phone, by device id; sessions; 110 B a device        |
| acs:{x}:n          | hash   | the same of its tags and groups, where it has any; operations; 80 B          |
| acs:{x}:s:NAME     | zset   | device ids of one model and firmware (p:), small network (i:) or tag (t:),   |
|                    |        | score 0; who writes the two above; 110 B a member                            |
| acs:{x}:k:LETTER   | set    | which of those there are; the same; 50 B each                                |
| acs:{x}:e:STATE    | zset   | device id and type of the last tasks of a type that ended failed or expired, |
|                    |        | score 0; who writes `t`; 120 B each                                          |
| acs:selectors      | hash   | saved selectors by name, msgpack; operations; 200 B each                     |
| acs:{wake}:q       | zset   | device ids to be woken, by when; wakes; 130 B each                           |
| acs:{wake}:j       | hash   | what is known of each: attempts, who asked; wakes; 100 B each                |
| acs:{wake}:r       | zset   | device ids being woken, by the end of the lease; wakes; 130 B each           |
| acs:{wake}:s       | zset   | device ids by when each was last sent a request, for seconds; wakes          |
| acs:{wake}:p       | hash   | how many may be sent just now; wakes; 50 B                                   |
| acs:{wake}:n       | hash   | what the STUN server counted; southbound; 200 B                              |
| acs:{KEY}:P        | string | presence of a phone that was missing at some time; the presence job; 60 B    |
| acs:{x}:o:STATE    | zset   | device ids that are late, or offline, score 0; the presence job; 110 B each  |
| acs:{presence}:d   | zset   | device keys by when to look at them; servers, the presence job; 80 B each    |
| acs:{presence}:h   | zset   | device keys by the last sign of life; servers; 80 B each                     |
| acs:{presence}:o   | zset   | device keys that are missing, by when they became late; the presence job     |
| acs:{presence}:b   | zset   | those of them that gave a sign of life, by when; servers, the presence job   |
| acs:{presence}:u   | hash   | since when servers have been up, and when they said so last; servers; 50 B   |
| acs:{presence}:m:M | hash   | counts of the minute M since the epoch, expires; the same; 100 B             |
| acs:{events}:s     | stream | events of the fleet, capped; sessions, jobs, file server; 200 B each         |
| acs:{events}:i     | zset   | ids of the newest, so that each is kept once; the same; 90 B each            |
| acs:{events}:m:M   | hash   | how many of each kind in the minute M, expires; the same; 100 B              |
| acs:{events}:p     | string | the last event that went through the rules; the hooks job; 20 B              |
| acs:{alerts}:o     | hash   | open alerts by what they are about, msgpack; the presence job; 200 B each    |
| acs:{alerts}:c     | list   | closed alerts, newest first, capped; the same, operations; 200 B each        |
| acs:{hooks}:r      | hash   | rules by name, msgpack; operations; 200 B each                               |
| acs:{hooks}:w      | hash   | webhooks by name, msgpack, with their secrets; operations; 200 B each        |
| acs:{hooks}:q      | zset   | ids of deliveries by when they are due; the hooks job; 100 B each            |
| acs:{hooks}:j      | hash   | deliveries by id, msgpack; the hooks job; 400 B each                         |
| acs:{hooks}:x      | hash   | deliveries that were given up, capped; the hooks job; 400 B each             |
| acs:{rollouts}:i   | zset   | ids of rollouts by when they were made; operations; 90 B each                |
| acs:{rollouts}:d   | zset   | ids of rollouts by when their next step is due; who writes `t`, jobs         |
| acs:{rollout:ID}:r | string | a rollout's version and record, msgpack; operations, its job; 1-3 KB         |
| acs:{rollout:ID}:m | zset   | its phones in the order of their turns; its job; 110 B each                  |
| acs:{rollout:ID}:h | hash   | how far each phone is, msgpack; its job; 200-600 B each                      |
| acs:{rollout:ID}:o:OUTCOME | zset | ids of the phones with this outcome, score 0; its job; 110 B each    |
| acs:{rollout:ID}:c | hash   | how many are how far in each wave, and sums for the forecast; its job; 1 KB  |
| acs:{rollout:ID}:a | zset   | phones that have their turn, by when it ends; its job; 130 B each            |
| acs:{rollout:ID}:n | zset   | phones to be looked at, by when; who writes `t`, its job; 130 B each         |
| acs:{rollout:ID}:l | zset   | phones to be tried later, by when; its job; 130 B each                       |
| acs:{rollout:ID}:s | hash   | how many have their turn at each site; its job; 60 B each                    |
| acs:{schedules}:i  | zset   | ids of schedules by when they were made; operations; 80 B each               |
| acs:{schedules}:d  | zset   | ids of schedules by when they are due; operations, their job; 80 B each      |
| acs:{schedules}:r:ID | string | a schedule's version and record, msgpack; operations, its job; 1-4 KB      |
| acs:deadlines      | zset   | task ids by when something is due; who writes `t`; 130 B a task              |
| acs:{model:HASH}:p | string | version and what was learnt of a model; sessions; 10-60 KB a model           |
| acs:{model:HASH}:s | string | the shape its trees are written against; sessions; 24 B a model              |
| acs:shape:HASH     | string | an immutable shape, compressed; sessions; 3-20 KB a model                    |
| acs:{file}:i       | zset   | names of stored files in lexical order; operations, file server; 130 B a file|
| acs:{file}:m:NAME  | string | sha256 and what is known of a file; operations, file server; 200 B           |
| acs:{file}:c       | hash   | sha256, how many names share it; operations, file server; 100 B a content    |
| acs:{file}:k       | hash   | sha256, what was found when a content was read last; jobs, file server; 120 B|
| acs:{file}:r       | string | the name up to which uploads were looked through for those that go; a job    |
| acs:{users}:u      | hash   | users by name, msgpack; operations; 250 B each                               |
| acs:{users}:s      | zset   | digests of set-up links by their end, while there is no user; app; 80 B each |
| acs:{seat:SHA}     | string | a browser session by the digest of its cookie, expires; operations; 150 B    |
| acs:{sketch:ID}    | string | a rollout that somebody is filling in, msgpack, with its secrets, expires;   |
|                    |        | operations; 0.5-20 KB                                                        |
| acs:{oidc:STATE}   | string | a login that went to the OpenID provider, expires; operations; 300 B         |
| acs:{rate:WHAT}    | string | how many calls or logins there were in a window, expires; operations; 60 B   |
| acs:{once:SHA}     | string | the answer to a creation by its Idempotency-Key, expires; rest; 0.3-4 KB     |
| acs:audit          | stream | who changed what, bounded by age and number; operations; 300 B each          |
| acs:{metrics}:c    | hash   | counts by metric, labels and bucket; servers, jobs; 60 B each                |
| acs:{metrics}:p    | hash   | what each process said of itself last, msgpack; the same; 200 B each         |
| acs:{metrics}:t    | string | open tasks by state, msgpack; a job; 80 B                                    |
| rq:queue:QUEUE     | list   | ids of jobs that wait; RQ, as are the two below: this server only counts     |
| rq:wip:QUEUE       | zset   | ids of jobs at work                                                          |
| rq:failed:QUEUE    | zset   | ids of jobs that failed lately                                               |
| acs:{line:ID}      | string | when a rollout's line (no id: the file servers') is free, expires; 80 B      |
| acs:{approval:ID}  | list   | approvals of a rollout, msgpack, expires; operations; 60 B each              |
| acs:tokens         | hash   | API tokens by id, msgpack; operations; 150 B a token                         |
| acs:secrets        | hash   | secrets that all servers share; the first server to start; 1 KB              |
| acs:peer:IP        | set    | sids of open sessions without a connection, expires; sessions; 40 B each     |
| acs:refusals       | list   | what was refused at the doors, capped; southbound; 100 KB at most            |
"""

from __future__ import annotations

from hashlib import blake2b

DEVICES = b"acs:devices"
DEADLINES = b"acs:deadlines"
FILE_INDEX = b"acs:{file}:i"
FILE_CONTENTS = b"acs:{file}:c"
FILES_PRUNED = b"acs:{file}:r"
CONTENTS_READ = b"acs:{file}:k"
TOKENS = b"acs:tokens"
USERS = b"acs:{users}:u"
SETUP_LINKS = b"acs:{users}:s"
AUDIT = b"acs:audit"
SECRETS = b"acs:secrets"
REFUSALS = b"acs:refusals"
WAKE_QUEUE = b"acs:{wake}:q"
WAKE_JOBS = b"acs:{wake}:j"
WAKES_UNDER_WAY = b"acs:{wake}:r"
WAKES_SENT = b"acs:{wake}:s"
WAKE_PACE = b"acs:{wake}:p"
WAKE_COUNTS = b"acs:{wake}:n"
AWAITED = b"acs:awaited"
MACS = b"acs:macs"
STRANGERS = b"acs:strangers"
EPOCH = b"acs:{config}:e"
CHANGED_LAYERS = b"acs:{config}:x"
GROUPS = b"acs:{config}:g"
#: What the keys of shared layers begin with.
LAYER_PREFIX = b"acs:{config}:l:"

#: The index, all in one slot. Behind `INDEX_SETS` stands a set's name, behind `INDEX_LISTS` its first letter.
INDEXED_DEVICES = b"acs:{x}:d"
INDEXED_NOTES = b"acs:{x}:n"
INDEX_SETS = b"acs:{x}:s:"
INDEX_LISTS = b"acs:{x}:k:"
INDEX_TEXTS = b"acs:{x}:t"
SELECTORS = b"acs:selectors"

PRESENCE_DUE = b"acs:{presence}:d"
PRESENCE_HEARD = b"acs:{presence}:h"
PRESENCE_MISSING = b"acs:{presence}:o"
PRESENCE_BACK = b"acs:{presence}:b"
PRESENCE_UP = b"acs:{presence}:u"
EVENTS = b"acs:{events}:s"
EVENT_IDS = b"acs:{events}:i"
EVENTS_PASSED = b"acs:{events}:p"
OPEN_ALERTS = b"acs:{alerts}:o"
CLOSED_ALERTS = b"acs:{alerts}:c"
RULES = b"acs:{hooks}:r"
WEBHOOKS = b"acs:{hooks}:w"
DELIVERIES_DUE = b"acs:{hooks}:q"
DELIVERIES = b"acs:{hooks}:j"
DEAD_DELIVERIES = b"acs:{hooks}:x"

METRIC_COUNTS = b"acs:{metrics}:c"
METRIC_REPORTS = b"acs:{metrics}:p"
SERVER_DIED = b"acs:{metrics}:d"
TASK_CENSUS = b"acs:{metrics}:t"

#: RQ's queues, by urgency, and what its own keys of each of them begin with.
JOB_QUEUES = (b"acs-watch", b"acs-urgent", b"acs", b"acs-later")
JOBS_QUEUED = b"rq:queue:"
JOBS_RUNNING = b"rq:wip:"
JOBS_FAILED = b"rq:failed:"

ROLLOUTS = b"acs:{rollouts}:i"
ROLLOUTS_DUE = b"acs:{rollouts}:d"

SCHEDULES = b"acs:{schedules}:i"
SCHEDULES_DUE = b"acs:{schedules}:d"

#: Suffixes of a rollout's keys, to be put after `rollout_prefix`; an outcome follows the last.
ROLLOUT = b"r"
MEMBERS = b"m"
MEMBER_RECORDS = b"h"
MEMBER_COUNTS = b"c"
MEMBERS_ACTIVE = b"a"
MEMBERS_NOTED = b"n"
MEMBERS_LATER = b"l"
MEMBER_SITES = b"s"
MEMBERS_BY_OUTCOME = b"o:"

#: Not a key but a channel: each new epoch is told on it.
CONFIG_CHANNEL = b"acs:config"

#: Suffixes of a device's keys, to be put after `device_prefix`.
DEVICE = b"d"
NOTES = b"o"
WAKE = b"w"
WAKES = b"W"
BINDING = b"u"
SESSION = b"s"
TASKS = b"t"
FINISHED_TASK = b"f:"
FINISHED_TASKS = b"F"
LEARNING = b"q"
TREE = b"p"
TIMELINE = b"l"
LAYER = b"c"
LAYER_HISTORY = b"C"
KNOWN_KEYS = b"k"
FETCHES = b"g"
PRESENCE = b"P"
TRACES = b"x"
TRACE = b"x:"

#: Every fixed suffix; `FINISHED_TASK` and `TRACE` are those that go on.
DEVICE_SUFFIXES = (
    DEVICE,
    NOTES,
    WAKE,
    WAKES,
    BINDING,
    SESSION,
    TASKS,
    FINISHED_TASKS,
    LEARNING,
    TREE,
    TIMELINE,
    LAYER,
    LAYER_HISTORY,
    KNOWN_KEYS,
    FETCHES,
    PRESENCE,
    TRACES,
)

#: The field of the open tasks' hash that holds the stamp; no task id is this short.
STAMP_FIELD = b"v"


def device_prefix(key: str) -> bytes:
    """What all keys of the device with this device key begin with."""
    return b"acs:{%b}:" % key.encode()


def rollout_prefix(rollout: str) -> bytes:
    """What all keys of the rollout with this id begin with."""
    return b"acs:{rollout:%b}:" % rollout.encode()


def schedule(schedule: str) -> bytes:
    return b"acs:{schedules}:r:" + schedule.encode()


def _model_prefix(model_key: str) -> bytes:
    return b"acs:{model:%b}:" % blake2b(model_key.encode(), digest_size=8).hexdigest().encode()


def model_profile(model_key: str) -> bytes:
    return _model_prefix(model_key) + b"p"


def model_shape(model_key: str) -> bytes:
    return _model_prefix(model_key) + b"s"


def shape(digest: str) -> bytes:
    return b"acs:shape:" + digest.encode()


def peer_sessions(peer: str) -> bytes:
    return b"acs:peer:" + peer.encode()


def file_record(name: str) -> bytes:
    return b"acs:{file}:m:" + name.encode()


def awaited_prefix(mac: str) -> bytes:
    """What all keys of an awaited phone begin with; its layer has the suffixes of a device's."""
    return b"acs:{mac:%b}:" % mac.encode()


def awaited_record(mac: str) -> bytes:
    return awaited_prefix(mac) + b"a"


def shared_layer(name: str) -> bytes:
    return LAYER_PREFIX + name.encode()


def shared_layer_history(name: str) -> bytes:
    return b"acs:{config}:h:" + name.encode()


def group_members(group: str) -> bytes:
    return b"acs:{config}:m:" + group.encode()


def ended_tasks(state: str) -> bytes:
    return b"acs:{x}:e:" + state.encode()


def phones_in_state(state: str) -> bytes:
    """Those that are late, or offline."""
    return b"acs:{x}:o:" + state.encode()


def presence_minute(minute: int) -> bytes:
    return b"acs:{presence}:m:%d" % minute


def event_minute(minute: int) -> bytes:
    return b"acs:{events}:m:%d" % minute


def browser_session(digest: str) -> bytes:
    return b"acs:{seat:%b}" % digest.encode()


def rollout_sketch(identifier: str) -> bytes:
    return b"acs:{sketch:%b}" % identifier.encode()


def provider_login(state: str) -> bytes:
    return b"acs:{oidc:%b}" % state.encode()


def rate(what: str) -> bytes:
    return b"acs:{rate:%b}" % blake2b(what.encode(), digest_size=16).hexdigest().encode()


def approvals(rollout: str) -> bytes:
    return b"acs:{approval:%b}" % rollout.encode()


def line(name: str) -> bytes:
    return b"acs:{line:%b}" % name.encode()


def once(digest: str) -> bytes:
    return b"acs:{once:%b}" % digest.encode()
