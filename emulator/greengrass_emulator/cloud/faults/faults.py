"""Faults on demand, as a test orders them: ``cloud.faults.throttle("greengrassv2:CreateDeployment", times=2)``.

Faults with ``times`` end by themselves; ``take_away`` and ``cut_off`` last until ``bring_back``, ``join`` or ``clear``.
In a ``with`` statement all of them end with the block.
"""

import logging
from collections.abc import Callable

from pydantic import ValidationError

from greengrass_emulator.cloud.accounts import Account, no_such_account
from greengrass_emulator.cloud.faults.orders import (
    ORDERS,
    BringBack,
    Clear,
    Corrupt,
    CutOff,
    Delay,
    ExpireSessions,
    Join,
    LagIndex,
    LoseAnswer,
    Order,
    TakeAway,
    Throttle,
    TurnClock,
)
from greengrass_emulator.cloud.faults.pending_faults import PendingFaults
from greengrass_emulator.cloud.fleet_index.things import LAG
from greengrass_emulator.cloud.moto_memory.identities import expire_sessions
from greengrass_emulator.cloud.mqtt_brokers import MqttBrokers
from greengrass_emulator.errors import WrongUse

_log = logging.getLogger(__name__)


class Faults:
    """One cloud's faults."""

    def __init__(
        self,
        accounts: tuple[Account, ...],
        pending: PendingFaults,
        brokers: MqttBrokers,
        turn_clock: Callable[[float], None],
        lag_index: Callable[[str, float], None],
    ) -> None:
        self._ids = {account.name: account.id for account in accounts}
        self._pending = pending
        self._brokers = brokers
        self._turn_clock = turn_clock
        self._lag_index = lag_index

    def __enter__(self) -> "Faults":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def throttle(self, operation: str, *, times: int = 1, account: str | None = None) -> None:
        """Refuse the next calls of an operation as too many, with their service's error."""
        self.order({"kind": "throttle", "operation": operation, "times": times, "account": account})

    def lose_answer(self, operation: str, *, times: int = 1, account: str | None = None) -> None:
        """Execute the next calls of an operation, and close the connection without an answer."""
        self.order({"kind": "lose-answer", "operation": operation, "times": times, "account": account})

    def delay(self, operation: str, *, seconds: float, times: int = 1, account: str | None = None) -> None:
        """Execute the next calls of an operation later."""
        order = {"kind": "delay", "operation": operation, "seconds": seconds, "times": times, "account": account}
        self.order(order)

    def corrupt(self, key: str, *, times: int = 1) -> None:
        """Put one wrong byte into each of the next downloads of objects with such a key (``*`` allowed)."""
        self.order({"kind": "corrupt", "key": key, "times": times})

    def take_away(self, service: str, *, account: str | None = None) -> None:
        """Make ``s3``, or the ``broker`` of one account or of all, unreachable."""
        self.order({"kind": "take-away", "service": service, "account": account})

    def bring_back(self, service: str, *, account: str | None = None) -> None:
        """Undo ``take_away``."""
        self.order({"kind": "bring-back", "service": service, "account": account})

    def cut_off(self, thing: str, *, account: str) -> None:
        """Take a device's network away: no broker, no device endpoint, no S3."""
        self.order({"kind": "cut-off", "thing": thing, "account": account})

    def join(self, thing: str, *, account: str) -> None:
        """Undo ``cut_off``."""
        self.order({"kind": "join", "thing": thing, "account": account})

    def expire_sessions(self, *, account: str | None = None) -> None:
        """End every present session of a role."""
        self.order({"kind": "expire-sessions", "account": account})

    def lag_index(self, seconds: float, *, account: str | None = None) -> None:
        """Delay the fleet index: it has each change so many seconds later, and is built in ten times as long.

        ``clear`` sets it back to its default.
        """
        self.order({"kind": "lag-index", "seconds": seconds, "account": account})

    def clear(self) -> None:
        """Undo lasting faults and forget those to come. Sessions stay ended, and the clock stays as it is."""
        self.order({"kind": "clear"})

    def order(self, document: object) -> None:
        """Order a fault by its document (see ``orders``). Raises ``WrongUse`` for an invalid one."""
        try:
            fault = ORDERS.validate_python(document)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
            raise WrongUse(
                f"This fault cannot be ordered: {wrong}", "see `greengrass-emulator fault --help`"
            ) from error
        account_ids = self._account_ids(getattr(fault, "account", None))
        self._do(fault, account_ids)
        _log.info("fault ordered", extra={"fault": fault.model_dump_json()})

    def _account_ids(self, name: str | None) -> tuple[str, ...]:
        if name is None:
            return tuple(self._ids.values())
        if name not in self._ids:
            raise no_such_account(name, self._ids)
        return (self._ids[name],)

    def _do(self, fault: Order, account_ids: tuple[str, ...]) -> None:
        match fault:
            case Throttle() | LoseAnswer() | Delay():
                self._pending.order(fault, account_ids[0] if fault.account else None)
            case Corrupt():
                self._pending.order(fault)
            case TakeAway() | BringBack():
                self._set_away(fault, account_ids)
            case CutOff():
                self._pending.cut_off |= {(account_ids[0], fault.thing)}
                self._brokers.refuse(account_ids[0], self._things_of(account_ids[0]))
            case Join():
                self._pending.cut_off -= {(account_ids[0], fault.thing)}
                self._brokers.refuse(account_ids[0], self._things_of(account_ids[0]))
            case ExpireSessions():
                for account_id in account_ids:
                    expire_sessions(account_id)
            case TurnClock():
                self._turn_clock(fault.seconds)
            case LagIndex():
                for account_id in account_ids:
                    self._lag_index(account_id, fault.seconds)
            case Clear():
                self._pending.clear()
                for account_id in self._ids.values():
                    self._lag_index(account_id, LAG)
                    self._brokers.refuse(account_id, frozenset())

    def _set_away(self, fault: TakeAway | BringBack, account_ids: tuple[str, ...]) -> None:
        away = isinstance(fault, TakeAway)
        if fault.service == "s3":
            if fault.account is not None:
                raise WrongUse("S3 is one for all accounts", "take it away without naming one")
            self._pending.s3_is_away = away
            return
        for account_id in account_ids:
            self._brokers.refuse(account_id, None if away else self._things_of(account_id))

    def _things_of(self, account_id: str) -> frozenset[str]:
        return frozenset(thing for account, thing in self._pending.cut_off if account == account_id)
