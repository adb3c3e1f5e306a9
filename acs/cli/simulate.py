"""`acs simulate`: phones that are not there, against this or any other ACS."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from acs.simulator.faults import FAULTS, FaultWish, UnknownFault, parse
from acs.simulator.http_client import WrongUrl, parse_url
from acs.simulator.identity import WrongMac, identities
from acs.simulator.personas import DEFAULT, PERSONAS
from acs.simulator.progress import watcher
from acs.simulator.state import Surroundings
from acs.simulator.swarm import Plan, Swarm

#: phones a second that start when --ramp does not say otherwise
DEFAULT_RAMP_RATE = 100
AES_KEY_LENGTH = 16
CREDENTIAL_FILE = "fleet-credential.json"


class Credential(msgspec.Struct, frozen=True):
    """What `acs up` leaves in its data directory for the phones."""

    cwmp_url: str = ""
    files_url: str = ""
    username: str = ""
    password: str = ""


def _list_personas(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        for persona in PERSONAS.values():
            click.echo(f"{persona.name:28} {persona.line}")
        ctx.exit()


def _list_faults(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        for name, meaning in FAULTS.items():
            click.echo(f"{name:28} {meaning}")
        ctx.exit()


def _faults(
    _ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[FaultWish, ...]:
    try:
        return tuple(map(parse, values))
    except UnknownFault as error:
        raise click.BadParameter(str(error)) from error


def _first_mac(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return identities(value, 1)[0].mac
    except WrongMac as error:
        raise click.BadParameter(str(error)) from error


def _aes_key(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not (len(value) == AES_KEY_LENGTH and value.isascii() and value.isalnum()):
        raise click.BadParameter(f"has to be {AES_KEY_LENGTH} characters of 0-9, A-Z, a-z")
    return value


@click.command()
@click.option("--phones", type=click.IntRange(1, 100_000), default=1, show_default=True, help="How many.")
@click.option("--url", help="The ACS URL. [default: the one in the data directory]")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="ACS_DATA_DIR",
    help="Data directory of a server on this machine; URL and login are read there. [default: ./acs-data]",
)
@click.option("--username", help="Login at the ACS. [default: the one in the data directory]")
@click.option("--password", help="Password at the ACS.")
@click.option(
    "--interval",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="Seconds between periodic Informs, until the ACS sets another PeriodicInformInterval.",
)
@click.option(
    "--persona",
    "personas",
    multiple=True,
    type=click.Choice([*PERSONAS, "all"]),
    metavar="NAME",
    help=f"Kind of phone; several are dealt out in turn, `all` for every one. [default: {DEFAULT}]",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=_faults,
    metavar="NAME[=RATE]",
    help="What goes wrong, and for which share of the phones. May be repeated.",
)
@click.option(
    "--first-mac", default="001565000001", show_default=True, callback=_first_mac, help="The first phone's."
)
@click.option(
    "--ramp", type=click.FloatRange(min=0), help="Seconds over which the phones start. [default: phones/100]"
)
@click.option("--duration", type=click.FloatRange(min=0), default=0, help="Stop after so many seconds.")
@click.option(
    "--sessions", type=click.IntRange(min=0), default=0, help="Stop after so many sessions a phone."
)
@click.option(
    "--boot-time", type=click.FloatRange(min=0), default=2, show_default=True, help="Seconds of a reboot."
)
@click.option(
    "--retry-scale",
    type=click.FloatRange(min=0),
    default=1,
    show_default=True,
    help="Factor on the waits after failed sessions.",
)
@click.option(
    "--seed", default="", help="Makes chance repeatable: the same phones get the same faults and waits."
)
@click.option(
    "--listen",
    default="",
    metavar="ADDRESS",
    help="Where connection requests are taken. [default: the address towards the ACS]",
)
@click.option(
    "--listen-port", type=click.IntRange(0, 65535), default=0, help="Their port. [default: a free one]"
)
@click.option(
    "--zero-touch",
    is_flag=True,
    help="TR-069 is off at first: phones fetch their files when they start, and call if those say so.",
)
@click.option(
    "--provisioning-url",
    help="Where they fetch them; means --zero-touch. [default: the one in the data directory]",
)
@click.option(
    "--aes-key", default="", callback=_aes_key, help="The key that phones have for encrypted files."
)
@click.option("--ca", type=click.Path(exists=True, dir_okay=False), help="Certificates to trust (PEM).")
@click.option("--insecure", is_flag=True, help="Trust any certificate.")
@click.option(
    "--diary",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append what each phone was asked, transferred and booted to this file, a line of JSON each.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON at the end.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option(
    "--list-personas",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_personas,
    help="The kinds of phone, and exit.",
)
@click.option(
    "--list-faults",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_faults,
    help="What can go wrong, and exit.",
)
def simulate(
    phones: int,
    url: str | None,
    data_dir: Path | None,
    username: str | None,
    password: str | None,
    interval: int,
    personas: tuple[str, ...],
    faults: tuple[FaultWish, ...],
    first_mac: str,
    ramp: float | None,
    duration: float,
    sessions: int,
    boot_time: float,
    retry_scale: float,
    seed: str,
    listen: str,
    listen_port: int,
    zero_touch: bool,
    provisioning_url: str | None,
    aes_key: str,
    ca: str | None,
    insecure: bool,
    diary: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Phones that are not there: CP860s that inform, answer, reboot and upgrade as real ones do.

    Without --url they go to the server of the data directory. Runs until Ctrl-C, --duration or --sessions.
    Exit code 1: a phone never completed a session.
    """
    if (zero_touch or provisioning_url) and url is not None:
        raise click.UsageError("--url: phones of --zero-touch learn their ACS from the files they fetch")
    credential = find_credential(provisioning_url or url, data_dir, username, password)
    if zero_touch and not provisioning_url:
        provisioning_url = credential.files_url
    surroundings = Surroundings(
        acs_url=credential.cwmp_url,
        username=credential.username,
        password=credential.password,
        interval=interval,
        boot_seconds=boot_time,
        retry_scale=retry_scale,
        provisioning_url=provisioning_url or "",
        aes_key=aes_key,
    )
    plan = Plan(
        phones=phones,
        surroundings=surroundings,
        personas=tuple(PERSONAS) if "all" in personas else personas or (DEFAULT,),
        faults=faults,
        first_mac=first_mac,
        ramp=phones / DEFAULT_RAMP_RATE if ramp is None else ramp,
        duration=duration,
        sessions=sessions,
        seed=seed,
        tls=_tls(ca, insecure),
        listen_host=listen,
        listen_port=listen_port,
    )
    swarm = Swarm(plan)
    _allow_many_sockets()
    with _diary(diary) as surroundings.diary:
        _run(swarm, quiet=quiet)
    summary = swarm.summary()
    click.echo(json.dumps(summary) if as_json else _in_words(summary))
    raise SystemExit(0 if summary["completed_phones"] == summary["phones"] else 1)


def find_credential(
    url: str | None, data_dir: Path | None, username: str | None, password: str | None
) -> Credential:
    """Where to go and how to log in: what was given, and the data directory's file for the rest.

    The login of the default directory goes only to that server's own address, not to any URL that was typed.
    """
    path = (data_dir or Path("acs-data")) / CREDENTIAL_FILE
    found = _read_credential(path)
    if url is None and found is None:
        raise click.UsageError(
            f"no ACS to go to: there is no {path}. Start one with `acs up`, or give --url or --data-dir."
        )
    target = url or (found.cwmp_url if found else "")
    try:
        authority = parse_url(target).authority
        theirs = (
            {parse_url(one).authority for one in (found.cwmp_url, found.files_url) if one} if found else ()
        )
        own = found is not None and (data_dir is not None or authority in theirs)
    except WrongUrl as error:
        raise click.UsageError(str(error)) from error
    if username is None and found is not None and own:
        password = found.password if password is None else password
        return Credential(target, found.files_url, found.username, password)
    return Credential(target, found.files_url if found else "", username or "", password or "")


def _read_credential(path: Path) -> Credential | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credential)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error


@contextmanager
def _diary(path: Path | None) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """What writes into the file, each line at once; None without one."""
    if path is None:
        yield None
        return
    try:
        file = path.open("a", buffering=1)
    except OSError as error:
        raise click.ClickException(f"--diary {path}: {error.strerror}") from error
    with file:
        yield lambda entry: print(json.dumps(entry), file=file)


def _tls(ca: str | None, insecure: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _allow_many_sockets() -> None:
    """Each phone in a session needs a socket: take as many file descriptors as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run(swarm: Swarm, *, quiet: bool) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(_until_signalled(swarm, quiet=quiet))
        except OSError as error:
            raise click.ClickException(str(error)) from error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it is installed: a third of the CPU."""
    try:
        return cast(Callable[[], asyncio.AbstractEventLoop], import_module("uvloop").new_event_loop)
    except ImportError:
        return asyncio.new_event_loop


async def _until_signalled(swarm: Swarm, *, quiet: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await swarm.run(stop, watcher(quiet=quiet))


def _in_words(summary: dict[str, Any]) -> str:
    lines = [
        f"{summary['completed_phones']} of {summary['phones']} phones completed {summary['sessions']} "
        f"sessions in {summary['seconds']} s; {summary['failed_sessions']} sessions failed",
        *(f"  {count} x {reason}" for reason, count in summary["failures"].items()),
    ]
    if summary["requests"]:
        lines.append(
            "requests answered: " + ", ".join(f"{n} {count}" for n, count in summary["requests"].items())
        )
    return "\n".join(lines)
