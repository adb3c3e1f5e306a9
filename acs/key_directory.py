"""The catalogue of this installation: the shipped keys and those of the operators' own files."""

from __future__ import annotations

from pathlib import Path

from acs.datamodel import key_loading
from acs.datamodel.keys import Catalogue
from cwmp_schemas.loader import key_files


class KeyDirectoryError(ValueError):
    """The files of keys cannot be used; one line that names the file and, where it is known, the line."""


def load(keys_dir: str) -> Catalogue:
    """The shipped keys and those of each `*.toml` in this directory ("": none). Raises KeyDirectoryError."""
    if not keys_dir:
        return key_loading.shipped()
    directory = Path(keys_dir).expanduser()
    try:
        extra = [(str(directory / name), text) for name, text in key_files(directory)]
    except OSError as error:
        raise KeyDirectoryError(f"--keys-dir {error.filename}: {error.strerror}") from None
    try:
        return key_loading.catalogue(extra)
    except key_loading.KeyFileError as error:
        raise KeyDirectoryError(str(error)) from None
