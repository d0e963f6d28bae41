"""nginx as what spreads requests over a service's replicas."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import psutil

from outgrow.act.nginx.config import OwnNginx, upstream_text
from outgrow.act.nginx.master import Master
from outgrow.errors import ActuatorError, Failure
from outgrow.plan.run_targets import NginxFront

_ESTABLISHED, _SYN_SENT = "01", "02"  # the kernel's include/net/tcp_states.h


@dataclass(slots=True)
class NginxBalancer:
    """Writes an upstream of nginx and reloads it; starts an nginx of our own where the plan asks for one.

    `folder` is for our own nginx; `finish` how long a request may take that runs while its replica leaves.
    """

    service: str
    front: NginxFront
    base: Path
    folder: Path
    limit: timedelta
    finish: timedelta

    async def spread_over(self, addresses: Sequence[str]) -> None:
        """Write the upstream, let nginx test it, and reload; nothing where it stands so already.

        Raises:
            ActuatorError: nginx refuses it (what stood there before is put back), or cannot be reloaded.
        """
        name = self.front.upstream or self.service.replace(".", "_")
        wanted = upstream_text(name, addresses, self.front.balance)
        file, master = self._upstream_file, self._master
        runs = master.process() is not None
        before = _text_of(file)
        applied = self._applied
        if runs and before == wanted and not applied.exists():
            return
        if self.front.listen is not None:
            await self._write_own(master, name)
        _write(file, wanted)
        try:
            await master.test()
        except ActuatorError:
            if before is not None:
                _write(file, before)
            raise
        # Until nginx has taken it, a mark stands beside the file: whoever comes after a crash reloads again.
        _write(applied, "")
        if runs:
            await master.reload()
        elif self.front.listen is not None:
            await master.start()
        else:
            raise ActuatorError(
                Failure.NO_SUCH_THING, f"no nginx runs by {master.pid_file}", "start it, or look at behind.pid_file"
            )
        applied.unlink(missing_ok=True)

    async def in_flight(self, address: str) -> int:
        """Count the connections to a replica, and nginx's workers of before the last reload, which may open some."""
        return connections_to(address) + self._master.leaving_workers()

    async def put_away(self) -> None:
        """End our own nginx; one that ran before us is left alone."""
        if self.front.listen is not None:
            await self._master.stop()

    async def aclose(self) -> None:
        """Leave nginx running."""

    @property
    def _upstream_file(self) -> Path:
        return (
            self.folder / "upstream.conf" if self.front.upstream_file is None else self.base / self.front.upstream_file
        )

    @property
    def _applied(self) -> Path:
        return self._upstream_file.with_name(self._upstream_file.name + ".not-yet-loaded")

    @property
    def _master(self) -> Master:
        if self.front.listen is not None:
            folder = self.folder
            log = folder / "error.log"
            return Master(self.front.program, folder / "nginx.conf", folder / "nginx.pid", self.limit, log)
        config = None if self.front.config is None else self.base / self.front.config
        return Master(self.front.program, config, self.base / self.front.pid_file, self.limit)

    async def _write_own(self, master: Master, name: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        own = OwnNginx(
            str(self.folder),
            self.front.listen or "",
            name,
            self.front.workers,
            self.finish,
            await master.version(),
            can_defer=sys.platform == "linux",
        )
        _write(self.folder / "nginx.conf", own.text())


def connections_to(address: str) -> int:
    """Count the TCP connections that are open, or being opened, from this machine to `IP:PORT`."""
    host, _, port = address.rpartition(":")
    ip = ip_address(host.strip("[]"))
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if not tables[0].exists():
        try:
            found = psutil.net_connections("tcp")
        except psutil.AccessDenied:
            return 1  # it cannot be seen, so the whole time for draining is waited
        return sum(bool(each.raddr) and tuple(each.raddr)[:2] == (str(ip), int(port)) for each in found)
    # As the kernel prints it: bytes of each 32-bit word reversed on little-endian machines, then the port.
    words = [ip.packed[start : start + 4] for start in range(0, len(ip.packed), 4)]
    shown = "".join((word[::-1] if sys.byteorder == "little" else word).hex() for word in words).upper()
    remote = f"{shown}:{int(port):04X}"
    return sum(
        fields[2] == remote and fields[3] in {_ESTABLISHED, _SYN_SENT}
        for table in tables
        if table.exists()
        for fields in (line.split(maxsplit=4) for line in table.read_text(encoding="ascii").splitlines()[1:])
    )


def _text_of(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unwritable(file, error) from error


def _write(file: Path, text: str) -> None:
    """Replace a file as a whole: nginx never reads half of one."""
    fresh = file.with_name(file.name + ".new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> ActuatorError:
    return ActuatorError(
        Failure.NOT_PERMITTED, f"{file} cannot be written: {error.strerror or error}", "look at its folder's rights"
    )
