"""Whether the cloud can be reached by this device's own clock, and how a failed try is repeated.

The TLS libraries here use the machine's clock, which is never turned. A device whose clock is outside a root
certificate's validity makes no new connection, and keeps the one that it has. This module makes it so here.
"""

import ssl
from collections.abc import Iterator
from pathlib import Path

import urllib3

from greengrass_emulator.nucleus.clock import DeviceClock

RETRIES = urllib3.Retry(total=3, backoff_factor=0.3, status_forcelist=(500, 502, 503, 504), allowed_methods=None)
"""For requests: 0.3 s, 0.6 s and 1.2 s are waited. Every request of the nucleus may be repeated."""
FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


def pauses() -> Iterator[float]:
    """Yield the seconds to wait before each further try to connect, each twice the one before, up to a limit."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


class Trust:
    """The root certificates that a device was given."""

    def __init__(self, root_ca: Path, clock: DeviceClock) -> None:
        self._root_ca = root_ca
        self._clock = clock

    def fault(self) -> str | None:
        """Return why no certificate of the cloud is valid now, or None. Reads the file each time."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self._root_ca)
        except (OSError, ssl.SSLError):
            return None  # The library's own message is better.
        now = self._clock.now()
        for certificate in context.get_ca_certs():
            begins, ends = (ssl.cert_time_to_seconds(str(certificate[key])) for key in ("notBefore", "notAfter"))
            if begins <= now <= ends:
                return None
        return f"{self._root_ca.name} holds no certificate that is valid by this device's clock"
