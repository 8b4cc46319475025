"""What is told of the device somebody signs in from: enough to know one's own again, no more. Pure."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

_BROWSERS = (
    ("MicroMessenger", "WeChat"), ("EdgA?/", "Edge"), ("OPR/", "Opera"), ("HuaweiBrowser", "Huawei"),
    ("Firefox/", "Firefox"), ("Chrom(e|ium)/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS|OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone|iPad", "iOS"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from: the address, the browser's description, and the device if it is known again."""

    address: str = "127.0.0.1"
    agent: str = ""
    device: str = ""  # set only when this account has signed in on it before


def device_name(agent: str) -> str:
    """``Chrome · Windows``; empty when the browser tells neither."""
    found = [
        next((name for sign, name in table if re.search(sign, agent)), "") for table in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(filter(None, found))


def short_address(address: str) -> str:
    """``10.2.3.*``, or the first half of a longer one: which network, not which desk."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 4:
        return address.rpartition(".")[0] + ".*"
    return ":".join(parsed.exploded.split(":")[:4]) + ":*"
