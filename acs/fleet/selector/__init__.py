"""Selectors: one line of text that says which phones are meant.

    model = CP860 and firmware < 37.72.0.5 and tag = site7 and online

`parsing` reads it into an expression (`expressions`) by way of `lexing` and the table of `fields`; a fault is
a `SelectorError` that points at the character. `printing` writes it out again. `evaluation` decides it on
what is known of a phone (`facts`): yes, no, or that more has to be looked up. `drivers` says from which index
sets the candidates are best taken.
"""
