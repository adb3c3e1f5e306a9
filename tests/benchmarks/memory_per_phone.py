"""How much Redis memory a phone with 300 known parameters takes, everything included.

    python tests/benchmarks/memory_per_phone.py [--phones 10000]

Fills a private redis-server with phones through the store's own calls, as their sessions would: device
record, parameter tree, timeline, index entry. Printed are the growth of INFO's used_memory by phone, and by
kind of key what MEMORY USAGE says. The phones are alike as phones of one model are: 300 parameters below
`Device.` with TR-104's accounts, of which 40 have a value of their own: serial numbers, MAC and IP addresses,
names, passwords, random 16-digit hex strings. A second run takes the worst there is: all 300 values are
random strings of 12 characters, different on each phone.
"""

from __future__ import annotations

import argparse
import platform
import random
import string
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redis import Redis

from acs.cwmp.session import begin, stored
from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import ConnectionRequestLogin, Device, Learning
from acs.fleet.identity import device_key
from acs.store import sessions, trees
from acs.store.embedded import EmbeddedRedis
from acs.store.runner_blocking import BlockingRunner

#: What a phone may take, in bytes.
AIM = 4096

ACCOUNTS = 6
PARAMETERS = 300
START = 1_760_000_000.0

#: Leaves of one account; True where each phone has its own value.
_ACCOUNT = {
    "Enable": ("xsd:boolean", False),
    "Reset": ("xsd:boolean", False),
    "Name": ("xsd:string", False),
    "SignalingProtocol": ("xsd:string", False),
    "MaxSessions": ("xsd:unsignedInt", False),
    "DTMFMethod": ("xsd:string", False),
    "Region": ("xsd:string", False),
    "STUNEnable": ("xsd:boolean", False),
    "STUNServer": ("xsd:string", False),
    "SIP.ProxyServer": ("xsd:string", False),
    "SIP.ProxyServerPort": ("xsd:unsignedInt", False),
    "SIP.RegistrarServer": ("xsd:string", False),
    "SIP.RegistrarServerPort": ("xsd:unsignedInt", False),
    "SIP.RegistrarServerTransport": ("xsd:string", False),
    "SIP.OutboundProxy": ("xsd:string", False),
    "SIP.OutboundProxyPort": ("xsd:unsignedInt", False),
    "SIP.RegisterExpires": ("xsd:unsignedInt", False),
    "SIP.DSCPMark": ("xsd:unsignedInt", False),
    "SIP.X_001565_AutoAnswerEnable": ("xsd:boolean", False),
    "RTP.LocalPortMin": ("xsd:unsignedInt", False),
    "RTP.LocalPortMax": ("xsd:unsignedInt", False),
    "RTP.DSCPMark": ("xsd:unsignedInt", False),
    "RTP.SRTP.Enable": ("xsd:boolean", False),
    "Line.1.Enable": ("xsd:string", False),
    "Line.1.Status": ("xsd:string", False),
    "Line.1.DirectoryNumber": ("xsd:string", True),
    "Line.1.SIP.AuthUserName": ("xsd:string", True),
    "Line.1.SIP.AuthPassword": ("xsd:string", True),
    "Line.1.SIP.URI": ("xsd:string", True),
    "Line.1.SIP.X_001565_Label": ("xsd:string", True),
    "Line.1.CallingFeatures.CallWaitingEnable": ("xsd:boolean", False),
    "Line.1.CallingFeatures.DoNotDisturbEnable": ("xsd:boolean", False),
    "Line.1.CallingFeatures.MWIEnable": ("xsd:boolean", False),
    "Line.1.CallingFeatures.CallForwardUnconditionalNumber": ("xsd:string", False),
    "Line.1.CallingFeatures.CallForwardOnNoAnswerRingCount": ("xsd:unsignedInt", False),
    "Line.1.VoiceProcessing.EchoCancellationEnable": ("xsd:boolean", False),
}

#: Leaves of the phone with values of its own.
_OWN = (
    "Device.DeviceInfo.SerialNumber",
    "Device.LAN.MACAddress",
    "Device.LAN.IPAddress",
    "Device.ManagementServer.ConnectionRequestURL",
    "Device.ManagementServer.ConnectionRequestUsername",
    "Device.ManagementServer.ConnectionRequestPassword",
    "Device.ManagementServer.ParameterKey",
    "Device.ManagementServer.X_001565_SessionId",
    "Device.DeviceInfo.ProvisioningCode",
    "Device.X_001565_Lock.Pin",
)

NAMES = ("Anna", "Bernd", "Carla", "David", "Elena", "Frank", "Gabi", "Hans", "Irina", "Jan", "Karin", "Leo")


def leaves() -> Iterator[tuple[str, str, bool]]:
    """300 names with their types, and whether each phone has its own value."""
    every = [(name, "xsd:string", True) for name in _OWN]
    for account in range(1, ACCOUNTS + 1):
        stem = f"Device.Services.VoiceService.1.VoiceProfile.{account}."
        every += [(stem + leaf, kind, own) for leaf, (kind, own) in _ACCOUNT.items()]
    kinds = ("xsd:boolean", "xsd:unsignedInt", "xsd:string")
    for number in range(PARAMETERS - len(every)):
        every.append((f"Device.X_001565_Features.Option{number}", kinds[number % 3], False))
    return iter(every)


def model_value(name: str, kind: str, model: random.Random) -> str:
    if kind == "xsd:boolean":
        return model.choice("01")
    if kind == "xsd:unsignedInt":
        return model.choice(("0", "1", "60", "3600", "5060", "5061", "11780"))
    return model.choice(("", "", "Auto", "UDP", "RFC2833", "sip.example.com", f"value of {name[-12:]}"))


def own_value(name: str, number: int, mac: str, phone: random.Random) -> str:
    """A value that only this phone has."""
    leaf = name.rpartition(".")[2]
    if leaf in ("AuthPassword", "ConnectionRequestPassword", "X_001565_SessionId", "ParameterKey"):
        return f"{phone.getrandbits(64):016x}"
    if leaf in ("SerialNumber", "ConnectionRequestUsername"):
        return mac
    if leaf == "MACAddress":
        return ":".join(mac[at : at + 2] for at in range(0, 12, 2))
    if leaf == "IPAddress":
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if leaf == "ConnectionRequestURL":
        return f"http://10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:7547/{mac}"
    if leaf == "URI":
        return f"sip:+4930{phone.randrange(10**7):07d}@sip.example.com"
    if leaf in ("DirectoryNumber", "AuthUserName"):
        return f"+4930{phone.randrange(10**7):07d}"
    if leaf == "X_001565_Label":
        return f"{phone.choice(NAMES)} {phone.choice(NAMES)}son {phone.randrange(1000)}"
    return f"{phone.randrange(10**6):06d}"


def make_tree(number: int, mac: str, *, random_values: bool) -> ParameterTree:
    """The parameters of one phone, heard in batches, with the objects they lie in."""
    model, phone = random.Random("CP860"), random.Random(number)
    tree = ParameterTree()
    for place, (name, kind, own) in enumerate(leaves()):
        parts = name.split(".")
        for depth in range(1, len(parts)):
            folder = ".".join(parts[:depth]) + "."
            if folder not in tree:
                tree.put(folder, Parameter(writable=False))
        typical = model_value(name, kind, model)
        if random_values:
            value = "".join(phone.choices(string.ascii_letters + string.digits, k=12))
        elif own:
            value = own_value(name, number, mac, phone)
        else:
            value = typical
        heard = START + number % 86_400 + 2 * (place // 64)
        tree.put(name, Parameter(value, kind, "Status" not in name and "DeviceInfo" not in name, heard))
    return tree


def make_device(number: int, mac: str) -> Device:
    ip = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    url = f"http://{ip}:7547/{mac}"
    return Device(
        id=f"001565-CP860-{mac}",
        manufacturer="Yealink",
        oui="001565",
        product_class="CP860",
        serial_number=mac,
        root="Device.",
        namespace="urn:dslforum-org:cwmp-1-0",
        software_version="37.72.0.5",
        hardware_version="37.0.0.0.0.0.0",
        ip=ip,
        user_agent="Yealink CP860 37.72.0.5",
        connection_request_url=url,
        first_seen=START + number,
        last_inform=START + 86_400 + number / 7,
        last_boot=START + number,
        last_bootstrap=START + number,
        events=("2 PERIODIC",),
        inform_parameters={
            "Device.DeviceSummary": (
                "Device:1.0[](Baseline:1), VoiceService:1.0[1](SIPEndpoint:1)",
                "xsd:string",
            ),
            "Device.DeviceInfo.HardwareVersion": ("37.0.0.0.0.0.0", "xsd:string"),
            "Device.DeviceInfo.SoftwareVersion": ("37.72.0.5", "xsd:string"),
            "Device.DeviceInfo.ProvisioningCode": ("", "xsd:string"),
            "Device.ManagementServer.ParameterKey": ("", "xsd:string"),
            "Device.ManagementServer.ConnectionRequestURL": (url, "xsd:string"),
            "Device.LAN.IPAddress": (ip, "xsd:string"),
        },
        informs=24,
        routine_informs=20,
        routine_since=START + number,
        inform_interval=3600,
        learning=Learning.COMPLETE,
        learnt_at=START + number,
        connection_request=ConnectionRequestLogin(
            mac, f"{random.Random(-number).getrandbits(64):016x}", "acs"
        ),
        server_host="acs.example.com:7547",
    )


TIMELINE = (
    TimelineEntry(START, "device", "first contact", {"ip": "10.0.0.1", "software_version": "37.72.0.5"}),
    TimelineEntry(START + 1, "inform", "0 BOOTSTRAP, 1 BOOT", {"events": ["0 BOOTSTRAP", "1 BOOT"]}),
    TimelineEntry(START + 9, "learning", "300 parameters learnt in 12 requests", {"names": 300}),
    TimelineEntry(START + 9, "session", "16 messages in 0.9 s", {"messages": 16, "seconds": 0.9}),
    TimelineEntry(START + 3600, "inform", "2 PERIODIC", {"events": ["2 PERIODIC"]}),
)


def fill(runner: BlockingRunner, phones: int, *, random_values: bool) -> None:
    """Each phone has one session that learns all of it."""
    shapes = trees.Shapes()
    for number in range(phones):
        mac = f"001565{number:06x}"
        device = make_device(number, mac)
        key = device_key(device.id)
        tree = make_tree(number, mac, random_values=random_values)
        blob = runner.drive(trees.pack(tree, device.model_key, shapes, complete=True))
        session = begin(f"{key}{number:016x}", device.namespace, now=START)
        step = stored(session)
        changes = Changes(device=device, timeline=TIMELINE)
        runner.run_all(
            [
                sessions.open_session(key, session),
                sessions.save(
                    key,
                    sid=session.sid,
                    seq=session.seq,
                    stamp="",
                    session=step,
                    changes=changes,
                    tree=blob,
                    register=True,
                ),
                sessions.close(key, sid=session.sid, seq=step.seq, stamp="", changes=Changes(device=device)),
            ]
        )


def by_kind(redis: Any, sample: int = 500) -> dict[str, float]:
    """Average MEMORY USAGE of a device's keys by their suffix, and the index's share."""
    totals: dict[str, list[int]] = {}
    for count, key in enumerate(redis.scan_iter("acs:{*}:d", count=1000)):
        if count == sample:
            break
        for suffix in (b"d", b"p", b"l"):
            usage = redis.memory_usage(key[:-1] + suffix)
            totals.setdefault(suffix.decode(), []).append(usage or 0)
    averages = {suffix: sum(sizes) / len(sizes) for suffix, sizes in totals.items()}
    averages["index"] = redis.memory_usage("acs:devices", samples=0) / redis.zcard("acs:devices")
    return averages


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def measure(phones: int, *, random_values: bool) -> float:
    """Bytes per phone; prints the details."""
    with tempfile.TemporaryDirectory(prefix="acs-bench-") as folder:
        embedded = EmbeddedRedis(Path(folder))
        url = embedded.start()
        try:
            redis: Any = Redis.from_url(url, protocol=2)
            runner = BlockingRunner(url)
            runner.run_all([])
            before = redis.info("memory")["used_memory"]
            started = time.monotonic()
            fill(runner, phones, random_values=random_values)
            took = time.monotonic() - started
            info = redis.info("memory")
            each = (info["used_memory"] - before) / phones
            kinds = by_kind(redis)
            version = redis.info("server")["redis_version"]
        finally:
            embedded.stop()
    own = "all values random" if random_values else "40 values a phone's own"
    print(f"Redis {version}, {info['mem_allocator']}; {phones} phones, {PARAMETERS} parameters, {own}")
    print(f"  {each:,.0f} bytes a phone (used_memory), filled in {took:.0f} s")
    names = {"d": "device record", "p": "parameter tree", "l": "timeline of 5 lines", "index": "index entry"}
    for kind, name in names.items():
        print(f"  {kinds[kind]:8,.0f}  {name}")
    return each


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phones", type=int, default=10_000)
    phones = parser.parse_args().phones
    own = sum(own for _, _, own in leaves())
    print(f"{platform.platform()}, {cpu_model()}, Python {platform.python_version()}")
    print(f"{sum(1 for _ in leaves())} parameters, {own} of them a phone's own; aim: {AIM} bytes a phone")
    for random_values in (False, True):
        each = measure(phones, random_values=random_values)
        print(f"  {'within' if each <= AIM else 'above'} the aim")


if __name__ == "__main__":
    main()
