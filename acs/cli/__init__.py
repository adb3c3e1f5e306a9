"""The `acs` command: one file a noun, all through REST except what runs a part of the project itself.

`main` holds the table of commands; `connection` finds the server and speaks to it; `outcomes` has the exit
codes; `printing` writes tables for people and JSON for scripts; `waiting` follows a task to its end.
"""
