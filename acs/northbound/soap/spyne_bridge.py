"""Spyne 2.14 on Python 3.12 and later: what it needs before its first import. Import Spyne's names from here.

Spyne has a copy of `six` whose `moves` are found by an import hook of a form that Python 3.12 took away
(`find_module`). The real `six` has the present form, so its modules are put where Spyne looks for its own.
`cgi`, which Spyne imports too, left the standard library with Python 3.13; the package legacy-cgi brings it
back (pyproject.toml). Spyne's Twisted module does not import with present Twisted, and is not used.
"""

from __future__ import annotations

import logging
import sys
import warnings
from importlib import import_module
from typing import Any

#: Those of `six.moves` that Spyne imports as modules.
_MOVES = ("collections_abc", "http_cookies", "urllib", "urllib.parse", "urllib.request", "urllib.error")

sys.modules.setdefault("spyne.util.six.moves", import_module("six.moves"))
for _name in _MOVES:
    sys.modules.setdefault(f"spyne.util.six.moves.{_name}", import_module(f"six.moves.{_name}"))

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of `cgi`, and of Spyne's own escapes
    _spyne: Any = import_module("spyne")
    _model: Any = import_module("spyne.model")
    _fault: Any = import_module("spyne.model.fault")
    _soap: Any = import_module("spyne.protocol.soap")
    _wsgi: Any = import_module("spyne.server.wsgi")

# Spyne logs what callers send, passwords too, and each of their mistakes; this server has a log of its own
logging.getLogger("spyne").setLevel(logging.CRITICAL + 1)

# Spyne has no types; whoever uses these names gets Any
Application: Any = _spyne.Application
ServiceBase: Any = _spyne.ServiceBase
rpc: Any = _spyne.rpc
Soap11: Any = _soap.Soap11
WsgiApplication: Any = _wsgi.WsgiApplication
Fault: Any = _fault.Fault

ComplexModel: Any = _model.ComplexModel
SelfReference: Any = _model.SelfReference
Unicode: Any = _model.Unicode
Long: Any = _model.Long
Integer32: Any = _model.Integer32
Double: Any = _model.Double
Boolean: Any = _model.Boolean
ByteArray: Any = _model.ByteArray
DateTime: Any = _model.DateTime
Enum: Any = _model.Enum
