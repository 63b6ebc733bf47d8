"""Whether this device, by its own clock, takes its cloud's certificates for valid.

The libraries that speak TLS here look at the machine's clock, which nobody turns. A device whose clock is outside a
root certificate's time makes no new connection, and keeps the one that it has; so it is here.
"""

import ssl
from pathlib import Path

from greengrass_emulator.nucleus.clock import DeviceClock


class Trust:
    """The roots that a device was given."""

    def __init__(self, root_ca: Path, clock: DeviceClock) -> None:
        self._root_ca = root_ca
        self._clock = clock

    def fault(self) -> str | None:
        """Why no certificate of the cloud can be taken for valid now, or None. The file is read each time."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self._root_ca)
        except (OSError, ssl.SSLError):
            return None  # the library says it better
        now = self._clock.now()
        for certificate in context.get_ca_certs():
            begins, ends = (ssl.cert_time_to_seconds(str(certificate[key])) for key in ("notBefore", "notAfter"))
            if begins <= now <= ends:
                return None
        return f"{self._root_ca.name} holds no certificate that is valid by this device's clock"
