"""Jobs that run beside the server, in RQ: what is due though no phone and no operator does anything.

    main           one worker process: `python -m workers --redis-url URL --data-dir DIR`
    timetable      which job runs how often
    queues         the queues by urgency
    surroundings   what jobs work with: the store and the data directory
    presence       who is late, offline or back; sites that are cut off
    rollouts       steps of rollouts: `rollout_members` whose they are, `rollout_turns` whose turn it is,
                   `rollout_looks` what became of it, `rollout_intervals` how often they inform;
                   `rollout_clock` enqueues what is due
    schedules      rollouts that are made at set times
    taking         how both take what is due, and find what was left over
    hooks          events through the rules: webhooks and tags
    census         how many open tasks there are
    reports        what a worker says of itself and counts
    retention      uploads that are not kept
    upkeep         tasks whose time is over, files that nobody needs

A job is a module-level function: plain arguments in, plain JSON out, safe to run twice and to lose half-way.
`acs` never imports this package; it enqueues by dotted name.
"""
