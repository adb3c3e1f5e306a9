"""A façade with the shape of GenieACS's NBI, below `/nbi`, for panels and scripts that were written for it.

Facts of that interface are from its API reference and its source; what it does here is done by the same
operations as everywhere else. `room` is the way in. A query goes: `query` (from JSON to conditions),
`matching` (conditions on one document), `narrowing` (what of them the index of phones can answer), `devices`.
"""
