"""Every setting of the server, once: its name, type, default, meaning and limits.

A setting is taken from the command line (`--cwmp-port`), else from the environment (`ACS_CWMP_PORT`),
else from the TOML file named by `--config` or `ACS_CONFIG` (`cwmp_port = 7547`), else it has its default.
The flags of `acs up` and the table in docs/operation.md are made from the fields below.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its value, where it came from, what is allowed."""


def _setting(default: Any, meaning: str, **limits: Any) -> Any:
    return field(default=default, metadata={"help": meaning, **limits})


#: Bytes a second: with less no phone would wait for its image.
LEAST_BANDWIDTH = 1024


@dataclass(frozen=True)
class Settings:
    data_dir: Path = _setting(Path("acs-data"), "directory for everything the server keeps")
    bind: str = _setting("0.0.0.0", "address to listen on")
    cwmp_port: int = _setting(
        7547, "port for phones' CWMP sessions, 0 for any free one", minimum=0, maximum=65535
    )
    files_port: int = _setting(7567, "port for phones' file transfers", minimum=0, maximum=65535)
    web_port: int = _setting(8080, "port for REST, SOAP and the console", minimum=0, maximum=65535)
    public_host: str = _setting(
        "", "host name or address under which phones reach this server; empty: the one each phone itself uses"
    )
    stun_port: str = _setting(
        "auto",
        "UDP port for STUN and connection requests by UDP: 0 for any free one, none for no such port, auto "
        "for 3478 or, where that is taken, the CWMP port's number",
        minimum=0,
        maximum=65535,
        words=("auto", "none"),
    )
    processes: int = _setting(1, "server processes that share the listening ports", minimum=1, maximum=256)
    workers: int = _setting(1, "background job processes", minimum=0, maximum=64)
    redis_url: str = _setting(
        "", "Redis to use (redis://, rediss://, unix://); empty: a private one in the data directory"
    )
    cpe_auth: str = _setting("digest", "how phones log in", choices=("none", "basic", "digest"))
    tls_cert: str = _setting(
        "", "PEM file with the certificate chain; with tls_key it turns every port to HTTPS"
    )
    tls_key: str = _setting("", "PEM file with the certificate's private key")
    tls_profile: str = _setting(
        "modern", "legacy lets phones in that know only TLS 1.0, on every port", choices=("modern", "legacy")
    )
    uploads_keep: int = _setting(
        100,
        "files of one type that phones have sent and that are kept of each phone, the newest, besides what "
        "schedules keep; 0 for all",
        minimum=0,
        maximum=1_000_000,
    )
    disk_reserve: int = _setting(
        256 << 20,
        "bytes of the disk that phones cannot fill: with less than that left their uploads are refused; "
        "0 for no such limit",
        minimum=0,
        maximum=1 << 50,
    )
    body_limit: int = _setting(16 << 20, "largest CWMP message in bytes", minimum=1 << 16, maximum=1 << 30)
    file_limit: int = _setting(
        2 << 30, "largest stored or uploaded file in bytes", minimum=1 << 20, maximum=1 << 40
    )
    files_bandwidth: int = _setting(
        0,
        "bytes a second that all files ports on one Redis send together, 1024 at least; 0: no cap",
        minimum=0,
        maximum=1 << 40,
    )
    idle_timeout: int = _setting(
        900,
        "seconds without a byte after which a connection is closed; slow phones take minutes to answer",
        minimum=5,
        maximum=86400,
    )
    inform_interval: int = _setting(
        0,
        "seconds between Informs that every phone is told, each at a time of its own; 0: as phones have it",
        minimum=0,
        maximum=604800,
    )
    action_url_calls: str = _setting(
        "off",
        "whether events of calls that phones tell by action URL are kept",
        choices=("on", "off"),
    )
    wakes_at_once: int = _setting(
        100, "connection requests under way at the same time", minimum=1, maximum=10000
    )
    wakes_per_second: int = _setting(
        100, "phones of the wake queue that are asked in one second", minimum=1, maximum=10000
    )
    wake_spacing: int = _setting(
        10, "seconds between two connection requests of the wake queue to one phone", minimum=0, maximum=3600
    )
    keys_dir: str = _setting(
        "", "directory with configuration keys beside the shipped ones: other models', your own (*.toml)"
    )
    config_window: str = _setting(
        "",
        "when phones may reboot for their configuration, such as `01:00-05:00 Europe/Berlin`; empty: never",
    )
    config_upload_every: int = _setting(
        0,
        "seconds after which each phone is asked to upload its configuration; 0: on demand only",
        minimum=0,
        maximum=31536000,
    )
    provisioning_auth: str = _setting(
        "auto",
        "what a phone shows to fetch its provisioning files; auto: login, or user-agent with --cpe-auth none",
        choices=("auto", "login", "certificate", "user-agent", "source", "none"),
    )
    provisioning_ca: str = _setting(
        "", "PEM file of who signs the phones' TLS certificates; the files port then asks for them"
    )
    provisioning_acs: str = _setting(
        "on",
        "whether provisioning files lead phones to this server (managementserver.*)",
        choices=("on", "off"),
    )
    provisioning_models: str = _setting(
        "", "numbers of models' common files beside the shipped ones: `CP860=37,SIP-T46U=108`"
    )
    web_url: str = _setting(
        "",
        "address under which browsers reach this server, such as https://acs.example.net; empty: as they say",
    )
    trusted_proxies: str = _setting(
        "",
        "addresses or networks of the proxies before the web port, with commas between, whose "
        "X-Forwarded-For counts",
    )
    cors_origins: str = _setting(
        "", "origins of other sites whose scripts may call REST, with commas between; empty: none"
    )
    rate_limit: int = _setting(
        12000, "REST calls a minute of one token or user, 0 for no limit", minimum=0, maximum=10_000_000
    )
    rollout_approval: int = _setting(
        0,
        "phones from which on a rollout needs a second person's approval, 0 for never",
        minimum=0,
        maximum=100_000_000,
    )
    audit_days: int = _setting(400, "days for which the audit is kept", minimum=1, maximum=36500)
    oidc_issuer: str = _setting(
        "", "OpenID Connect provider by which users may log in, its issuer URL; empty: none"
    )
    oidc_client_id: str = _setting("", "this server's client id at that provider")
    oidc_client_secret: str = _setting("", "the client secret that belongs to it")
    oidc_claim: str = _setting("groups", "claim of the ID token that oidc_roles looks at")
    oidc_roles: str = _setting(
        "",
        "roles by values of that claim: `acs-admins=admin; site7=operator tag = site7`, where a selector "
        "after the role limits it to its phones; who has none of them is refused",
    )
    metrics_access: str = _setting(
        "token",
        "who may read /metrics: token, who shows an API token or metrics_token; open, everybody",
        choices=("token", "open"),
    )
    metrics_token: str = _setting("", "a token that opens /metrics and nothing else, for Prometheus")
    log_format: str = _setting(
        "auto",
        "how log lines look: json, console, or auto for console on a terminal and else json",
        choices=("auto", "json", "console"),
    )
    log_sessions: str = _setting(
        "eventful",
        "which sessions have a line: all, or eventful for those that are more than a heartbeat",
        choices=("all", "eventful"),
    )
    log_level: str = _setting(
        "info", "least severity that is logged", choices=("debug", "info", "warning", "error")
    )

    def shown(self) -> tuple[tuple[str, str, str], ...]:
        """Name, value and meaning of each, for people to look at; what opens a door is not told."""
        return tuple(
            (one.name, _blanked(one.name, str(getattr(self, one.name))), one.metadata["help"])
            for one in fields(self)
        )

    @property
    def tls(self) -> bool:
        return bool(self.tls_cert)

    @property
    def provisioning_policy(self) -> str:
        """`provisioning_auth` with `auto` decided."""
        if self.provisioning_auth != "auto":
            return self.provisioning_auth
        return "user-agent" if self.cpe_auth == "none" else "login"

    @property
    def scheme(self) -> str:
        return "https" if self.tls else "http"


#: Parts of the names of settings that hold secrets, and logins within URLs.
_SECRET = re.compile(r"(token|secret|password)$")
_LOGIN = re.compile(r"(?<=://)[^/@]+(?=@)")


def _blanked(name: str, value: str) -> str:
    if value and _SECRET.search(name):
        return "********"
    return _LOGIN.sub("********", value)


def _convert(setting: Field[Any], value: Any, origin: str) -> Any:
    limits = setting.metadata
    shown = f"{origin}: {setting.name} is {value!r}"
    if setting.type == "int":
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise SettingsError(f"{shown}, but must be a whole number") from None
        if not limits["minimum"] <= number <= limits["maximum"]:
            raise SettingsError(f"{shown}, but must be from {limits['minimum']} to {limits['maximum']}")
        return number
    text = str(value)
    if setting.type == "Path":
        return Path(text).expanduser()
    if words := limits.get("words"):
        number = int(text) if text.isdecimal() else -1
        if text not in words and not limits["minimum"] <= number <= limits["maximum"]:
            allowed = f"from {limits['minimum']} to {limits['maximum']}, or {' or '.join(words)}"
            raise SettingsError(f"{shown}, but must be {allowed}")
        return text
    choices = limits.get("choices")
    if choices and text not in choices:
        raise SettingsError(f"{shown}, but must be one of {', '.join(choices)}")
    return text


def _from_file(path: str) -> dict[str, Any]:
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from None
    unknown = sorted(set(values) - {setting.name for setting in fields(Settings)})
    if unknown:
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}; `acs up --help` lists them")
    return values


def load(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Settings from flags (None where not given; `config` names the file), environment and file.

    Raises SettingsError with one line for the first setting that cannot be used.
    """
    path = flags.get("config") or environ.get("ACS_CONFIG")
    file_values = _from_file(path) if path else {}
    chosen: dict[str, Any] = {}
    for setting in fields(Settings):
        variable = "ACS_" + setting.name.upper()
        if flags.get(setting.name) is not None:
            flag = "--" + setting.name.replace("_", "-")
            chosen[setting.name] = _convert(setting, flags[setting.name], flag)
        elif variable in environ:
            chosen[setting.name] = _convert(setting, environ[variable], variable)
        elif setting.name in file_values:
            chosen[setting.name] = _convert(setting, file_values[setting.name], str(path))
        else:
            assert setting.default is not MISSING
            chosen[setting.name] = setting.default
    settings = Settings(**chosen)
    if 0 < settings.files_bandwidth < LEAST_BANDWIDTH:
        given = f"--files-bandwidth: files_bandwidth is {settings.files_bandwidth}"
        raise SettingsError(f"{given}, but must be 0, for no cap, or {LEAST_BANDWIDTH} at least")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("--tls-cert and --tls-key: both are needed for HTTPS, or neither")
    if settings.provisioning_ca and not settings.tls:
        raise SettingsError("--provisioning-ca: certificates need HTTPS; give --tls-cert and --tls-key too")
    if settings.provisioning_auth == "certificate" and not settings.provisioning_ca:
        raise SettingsError("--provisioning-auth certificate: --provisioning-ca has to name who signs them")
    return settings
