"""Spyne's side: the service made from the table of operations, its WSDL, and its WSGI application.

Runs in threads. Spyne takes requests apart and puts answers together; what does an operation comes in with
the request, under `PERFORM` in the WSGI environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree
from msgspec import structs

from acs.northbound.soap import faults, reading
from acs.northbound.soap.faults import SoapFault
from acs.northbound.soap.operations import Operation
from acs.northbound.soap.shapes import NAMESPACE, Shape, record
from acs.northbound.soap.spyne_bridge import Application, Fault, ServiceBase, Soap11, WsgiApplication, rpc
from acs.northbound.soap.table import OPERATIONS
from cwmp_schemas.loader import SOAP_ADDRESS

#: What does an operation: takes it and the plain data that was asked, gives the record that is answered.
PERFORM = "acs.perform"
Perform = Callable[[Operation, dict[str, Any]], Any]

#: Bytes of a request; a task that sets 5,000 parameters has about 1.5 MB.
LIMIT = 4 << 20

_XSD = "http://www.w3.org/2001/XMLSchema"


class _Answered(Fault):  # type: ignore[misc]  # Spyne is not typed
    """A fault on its way through Spyne."""

    def __init__(self, detail: faults.Detail) -> None:
        super().__init__("Client", detail.message)
        self.answered = detail


class _Protocol(Soap11):  # type: ignore[misc]  # Spyne is not typed
    """SOAP 1.1 with this service's reading, checks and faults."""

    checker: reading.Checker

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        ctx.in_document = _answering(reading.parse, b"".join(ctx.in_string), charset)

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:
        headers, body = _answering(reading.payload, ctx.in_document)
        ctx.in_header_doc, ctx.in_body_doc = headers, body
        ctx.method_request_string = body.tag
        _answering(self.checker.check, body)

    def fault_to_parent(
        self, ctx: Any, cls: Any, inst: Any, parent: Any, ns: Any, *_: Any, **__: Any
    ) -> None:
        known = getattr(inst, "answered", None)
        parent.append(faults.element(known or faults.MalformedFault(inst.faultstring)))

    def fault_to_http_response_code(self, fault: Any) -> str:
        return "500 Internal Server Error"


def _answering(work: Callable[..., Any], *given: Any) -> Any:
    try:
        return work(*given)
    except SoapFault as fault:
        raise _Answered(fault.detail) from None


def _method(operation: Operation) -> Any:
    """The operation as Spyne wants it: a function of the context and the message, with its types."""
    request, answer = record(operation.request), record(operation.answer)

    def method(ctx: Any, message: Any = None) -> Any:
        perform: Perform = ctx.transport.req_env[PERFORM]
        try:
            given = request.into(message) if message is not None else {}
            return answer.out(perform(operation, given))
        except Exception as error:  # noqa: BLE001  # a fault answers it, and the log has what is unexpected
            raise _Answered(faults.detail_of(error)) from None

    method.__name__ = operation.name
    method.__doc__ = operation.summary
    takes = (request.model,) if structs.fields(operation.request) else ()
    names = ["message"] if takes else []
    throws = [record(kind).model for kind in faults.EVERY]
    return rpc(*takes, _args=names, _returns=answer.model, _body_style="bare", _throws=throws)(method)


def make_wsgi() -> Any:
    """The WSGI application; about 100 ms of work."""
    methods = {name: _method(operation) for name, operation in OPERATIONS.items()}
    service = type(ServiceBase)("Acs", (ServiceBase,), methods)
    incoming, outgoing = _Protocol(), _Protocol()
    application = Application([service], NAMESPACE, name="Acs", in_protocol=incoming, out_protocol=outgoing)
    wsgi = WsgiApplication(application, max_content_length=LIMIT)
    wsgi.doc.wsdl11.build_interface_document(SOAP_ADDRESS)
    incoming.checker = reading.Checker(etree.XMLSchema(etree.fromstring(xsd(wsgi))), OPERATIONS)
    return wsgi


def wsdl(wsgi: Any, address: str = SOAP_ADDRESS) -> bytes:
    """The WSDL of a service that is reached at this address."""
    root = etree.fromstring(wsgi.doc.wsdl11.get_interface_document())
    for place in root.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address"):
        place.set("location", address)
    return _written(root)


def xsd(wsgi: Any) -> bytes:
    """The types of the WSDL alone: they validate the one element in a body."""
    root = etree.fromstring(wsgi.doc.wsdl11.get_interface_document())
    return _written(root.find(f".//{{{_XSD}}}schema"))


def _written(root: Any) -> bytes:
    alone = etree.fromstring(etree.tostring(root), etree.XMLParser(remove_blank_text=True))
    for schema in alone.iter(f"{{{_XSD}}}schema"):  # Spyne's order is another in every process
        schema[:] = sorted(schema, key=lambda one: (one.tag, one.get("name")))
    etree.cleanup_namespaces(alone, keep_ns_prefixes=["tns", "xs"])  # they stand in attributes
    return etree.tostring(alone, xml_declaration=True, encoding="UTF-8", pretty_print=True)


__all__ = ["LIMIT", "PERFORM", "Perform", "Shape", "make_wsgi", "wsdl", "xsd"]
