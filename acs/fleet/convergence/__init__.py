"""Bringing a phone to its desired configuration: in each session only what differs, and read back.

A pass reads the desired parameters where what is known of them is old, sets what differs (the standard's in
one set, each vendor object's in its own), reads back, and offers the rest as one configuration file. What
would make the phone reboot waits until it may. A pass ends when nothing is left to send; until the wish
changes, the phone boots or says that a value changed, its sessions cost nothing more.

`wish` is what ought to be, `drift` compares it with what is known, `state` is how far a phone has come,
`when` says whether to look, `steps` what to ask, `answers` what an answer changes, `settling` how it ends.
"""
