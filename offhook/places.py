"""What we are called and where we are found: names, addresses for sound, certificates."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from offhook.certificates import Certificate, names_of_this_machine, own_certificate
from offhook.config import Config, Sip, Web
from offhook.people.directory import Directory, User
from offhook.phones.addresses import address_towards
from offhook.sip.malformed import Malformed
from offhook.sip.uri import Uri

_EVERYWHERE = ("", "0.0.0.0", "::")


def finder(directory: Directory, config: Config) -> Callable[[str], User | None]:
    """Who is meant by what was dialled: a number, a user name, or either as a SIP address of ours."""
    ours = {config.sip.domain, config.net.public, *names_of_this_machine()}

    def find(dialled: str) -> User | None:
        if dialled.lower().startswith(("sip:", "sips:", "tel:")):
            try:
                uri = Uri.parse(dialled.encode())
            except Malformed:
                return None
            if uri.host and uri.host not in ours:
                return None
            dialled = uri.user
        return directory.by_number(dialled) or directory.by_username(dialled)

    return find


def media_hosts(config: Config) -> tuple[str, ...]:
    """Where the media workers bind: as configured, else everywhere, IPv6 too where the machine has it."""
    has_ipv6 = Path("/proc/net/if_inet6").exists()
    return config.media.hosts or (("0.0.0.0", "::") if has_ipv6 else ("0.0.0.0",))


def candidates(reached_at: str, config: Config) -> list[str]:
    """Where a browser that reached us at this address finds our media."""
    if config.media.hosts:
        return list(config.media.hosts)
    found = [reached_at, config.net.public, config.net.public6, address_towards("192.0.2.1")]
    return list(dict.fromkeys(host for host in found if host))


def certificate(config: Config, section: Web | Sip) -> Certificate:
    """The one given for this section, or one of our own for every name we go by."""
    if section.certificate:
        return Certificate(Path(section.certificate), Path(section.key))
    names = [
        *names_of_this_machine(),
        urlsplit(config.web.url).hostname or "",
        config.sip.domain,
        config.net.public,
        config.net.public6,
        config.web.listen.host,
        *[address.host for address in config.sip.tls],
    ]
    return own_certificate(Path(config.data), [name for name in names if name not in _EVERYWHERE])
