"""Who may come in: the right host name, the right token, and for what changes something, the right page.

A browser sends what any page on the web tells it to, to this server too. The host name keeps out pages whose name was
made to lead here (DNS rebinding), the token everybody who was not told it, the origin and the form's own secret the
pages of others: https://owasp.org/www-community/attacks/csrf.
"""

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TOKEN_BYTES = 32


def _secret() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class Access:
    """What is let in.

    Attributes:
        port: Where the server listens; cookies know no ports, so that its number is in the cookie's name.
        beyond_loopback: Whether others than this machine may come.
        token: Opens the server; 256 bits, new at each start.
        form: What every form of ours holds, and no form of others.
    """

    port: int
    beyond_loopback: bool = False
    token: str = field(default_factory=_secret, repr=False)
    form: str = field(default_factory=_secret, repr=False)

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds the token."""
        return f"verify_{self.port}"

    def knows(self, host: str) -> bool:
        """Whether a ``Host`` header names this server. A tunnel may lead here from any port.

        A name that was made to lead here is a name; so beyond loopback any address is fine, and of names our own.
        """
        name = _name_of(host)
        if name is None:
            return False
        address = _address(name)
        if address is not None:
            return address.is_loopback or self.beyond_loopback
        return name == "localhost" or (self.beyond_loopback and name in _own_names())

    def opens(self, given: str | None) -> bool:
        """Whether this is the token."""
        return given is not None and _same(given, self.token)

    def is_ours(self, given: str | None) -> bool:
        """Whether a form that holds this is one of ours."""
        return given is not None and _same(given, self.form)


def comes_from_here(origin: str | None, host: str) -> bool:
    """Whether an ``Origin`` header, where there is one, is of a page of ours."""
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == host


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), known.encode())


def _name_of(host: str) -> str | None:
    """The name in ``name:port``, in lower case; None where it is something else."""
    try:
        parts = urlsplit(f"//{host}")
        # Reading it raises where it is no number.
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, socket.getfqdn(name).lower()}
