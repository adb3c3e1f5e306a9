"""A TR-069 fleet server for SIP phones: the map of the house.

    app, processes, settings, logs   composition: settings in, listeners out; processes and who watches them
    cli            the `acs` command, one file a noun
    northbound     what people and systems reach: REST, the console, SOAP, GenieACS's NBI, metrics
    southbound     what phones reach: CWMP sessions, file transfers, connection requests
    operations     what an operator can do, with its checks; shared by every way in
    store          Redis: the only package that knows a key
    fleet          the rules of management: what a phone should do next, and what proves that it did
    datamodel      what parameters mean
    cwmp           the protocol alone: bytes to messages and back, and the conversation as a value
    simulator      phones that are not there

Imports run one way: cli, app, northbound, operations, store, fleet, datamodel, cwmp; and app, southbound,
store. Northbound and southbound never meet; the simulator uses cwmp and datamodel only; cwmp, datamodel and
fleet do no input or output and read no clock. `tests/unit/test_imports.py` holds this.
"""
