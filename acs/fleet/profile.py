"""What was learnt of one model and firmware, so that the next phone of its kind is asked little.

The oddities of a device live here and nowhere else: how many names it takes in one request, which spelling of
NextLevel it needs, which names it lists but does not know.
"""

from __future__ import annotations

from msgspec import Struct

#: Names asked for in one GetParameterValues before anything is known of the model.
FIRST_BATCH = 64


class ModelProfile(Struct, frozen=True, array_like=True):
    """Kept per `Device.model_key`; `version` counts up with each change."""

    key: str
    version: int = 0
    #: "Device." or "InternetGatewayDevice."
    root: str = ""
    #: methods the model said it knows; empty when it was never asked or did not say
    methods: tuple[str, ...] = ()
    #: parameter names in full, writable or not, as one phone of the model listed them; objects end in a dot
    names: dict[str, bool] = {}
    #: names that are listed but refused by GetParameterValues
    bad_names: tuple[str, ...] = ()
    #: the largest GetParameterValues that worked, or the size to try next
    batch: int = FIRST_BATCH
    #: largest size known to be too large, 0 when none is
    batch_too_large: int = 0
    #: when the names were complete, 0 while they are not
    learnt_at: float = 0
    #: leaves that must travel alone in SetParameterValues, learnt from refusals
    set_apart: tuple[str, ...] = ()
    #: paths that SetParameterValues of a documented key refused, with {i} for instance numbers: those keys go
    #: by configuration file
    refused_paths: tuple[str, ...] = ()
