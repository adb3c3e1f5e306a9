"""The phrase of an HTTP status: RFC 9110's on every Python, which changed its own with version 3.13."""

from __future__ import annotations

from http import HTTPStatus

_RFC_9110 = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def phrase(status: int) -> str:
    return _RFC_9110.get(status) or HTTPStatus(status).phrase
