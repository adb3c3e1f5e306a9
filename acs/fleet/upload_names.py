"""What the files that phones send are called: `<device id>-<yyyymmddThhmmss>-<word>.<extension>`, in UTC.

So the files of one phone stand together where files are listed by name, the oldest first.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

#: By the first word of an upload's FileType: a word for the file's name, and its extension.
_WORDS = {"1": ("config", "cfg"), "3": ("config", "cfg"), "2": ("log", "log"), "4": ("log", "log")}

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_DEVICE = 90


def prefix_of(device_id: str) -> str:
    """What the names of all files begin with that this phone sent."""
    return _NOT_IN_NAMES.sub("_", device_id)[:_LONGEST_DEVICE].lstrip(".") + "-"


def name_of(device_id: str, at: float, file_type: str, link_name: str) -> tuple[str, str]:
    """The name and its extension, for a file sent at this time by a link to this name."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S")
    own = link_name.rpartition(".")[2] if "." in link_name else "bin"
    word, extension = _WORDS.get(file_type.split(" ")[0], ("file", own))
    return f"{prefix_of(device_id)}{moment}-{word}", extension
