"""From where a request comes: an address, however a socket or a proxy writes it."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address

PASSED_ON = (
    *("X-Forwarded", "Forwarded", "Via", "X-Real-", "X-Client-", "X-Cluster-Client-"),
    *("X-Original-", "Cf-", "True-Client-", "Fastly-Client-", "X-Envoy-", "X-Arr-", "X-Azure-"),
)
"""How headers begin that proxies add, and nobody who asks by himself."""


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text says, without its port or zone; None for anything else.

    A socket for both kinds has an IPv4 address as ::ffff:192.0.2.1. Some proxies tell the port.
    """
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_loopback(host: str) -> bool:
    """Tell whether an address or a name is this machine's own, and nobody else reaches it."""
    address = address_of(host)
    return host.lower() == "localhost" if address is None else address.is_loopback
