"""Servers that one has logged in to: `profiles.json` in ~/.config/acs, for its owner's eyes only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from acs.cli import outcomes

#: The name where none is given.
DEFAULT = "default"


@dataclass(frozen=True)
class Profile:
    """`ca` is the file of the authority that signed the server's certificate, "" for the system's."""

    url: str
    token: str
    user: str = ""
    ca: str = ""
    insecure: bool = False


@dataclass
class Profiles:
    """`current` is the one that is used where neither a server nor a profile is named."""

    path: Path
    current: str = ""
    by_name: dict[str, Profile] = field(default_factory=dict)

    def find(self, name: str) -> Profile:
        """Raises WrongUsage for one that is not there."""
        if name not in self.by_name:
            known = ", ".join(sorted(self.by_name)) or "none"
            raise outcomes.WrongUsage(f"there is no profile {name!r} in {self.path} (there is: {known})")
        return self.by_name[name]

    def of_url(self, url: str) -> Profile | None:
        wanted = url.rstrip("/")
        return next((one for one in self.by_name.values() if one.url == wanted), None)

    def save(self) -> None:
        """Whole or not at all, and never readable by others, not even for a moment."""
        kept = {name: asdict(one) for name, one in self.by_name.items()}
        told = {"current": self.current, "profiles": kept}
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(told, indent=2) + "\n")
            fresh.replace(self.path)
        except OSError as error:
            raise outcomes.CommandError(f"{self.path}: {error.strerror}") from None


def load(environ: Mapping[str, str] | None = None) -> Profiles:
    """Those that are kept; none where there is no file yet. Raises CommandError for one that is damaged."""
    known = os.environ if environ is None else environ
    base = known.get("XDG_CONFIG_HOME") or str(Path(known.get("HOME", "~")).expanduser() / ".config")
    path = Path(base) / "acs" / "profiles.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        kept = {name: Profile(**one) for name, one in told["profiles"].items()}
        return Profiles(path, str(told["current"]), kept)
    except FileNotFoundError:
        return Profiles(path)
    except OSError as error:
        raise outcomes.CommandError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise outcomes.CommandError(f"{path} is damaged; remove it and log in again") from None
