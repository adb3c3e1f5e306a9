"""Everything this project keeps in Redis: the only package that knows a Redis key.

`keyspace` is the whole layout. One file of calls a noun (`devices`, `sessions`, `tasks`, `profiles`, `trees`,
`timeline`, `files`, `tokens`, `secrets`, `refusals`): pure functions that build a `calls.Call`, a value
which says what to send and how to read the answer. Two runners execute them: `runner_reactor.ReactorRunner`
in the server and `runner_blocking.BlockingRunner` in jobs and commands. `embedded` starts a private
redis-server.
"""
