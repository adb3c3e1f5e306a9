"""The SOAP service for operations support systems: WSDL 1.1, on the web port at /soap. See docs/soap.md.

From the outside in: `room` is the door on the reactor (who calls, how much at once), `wsgi_service` is Spyne
in a thread (XML, validation, the WSDL), `crossing` brings a call from there back to the reactor, and
`performing` does it: the operation's record says who may, `acs.operations` does the work, the audit is
written. The types of the WSDL are made from the records that REST uses too (`shapes`).
"""
