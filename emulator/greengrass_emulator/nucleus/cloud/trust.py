"""Whether the cloud's certificates are valid by this device's own clock.

The TLS libraries here use the machine's clock, which is never turned. A device whose clock is outside a root
certificate's validity makes no new connection, and keeps the one that it has. This module makes it so here.
"""

import ssl
from pathlib import Path

from greengrass_emulator.nucleus.clock import DeviceClock


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
