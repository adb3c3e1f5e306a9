"""Phones that are not there, for trying a server without hardware: `acs simulate`.

Reading order: `model` and `tree` are a phone's parameters, `state` all that one phone knows, `rpc` how it
answers an ACS, `session` one conversation, `phone` its life; `personas` and `faults` are what can be odd or
wrong with it; `http_client`, `acs_link`, `transfers` and `connection_requests` its wires; `swarm` runs many
in one process. Only the files that touch a wire are asynchronous; the others are plain functions and
values.
"""
