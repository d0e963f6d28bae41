"""Docker Engine from Debian's package docker.io: a daemon of our own, with a shell as its only image.

No registry is reached: the image is made of Debian's static busybox. The daemon shares nothing with one that may
run on this machine already: own data, own containerd, own socket, no bridge, no firewall rules.
"""

import io
import os
import secrets
import shutil
import signal
import socket as sockets
import subprocess
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.servers.process import ServerProcess, ServerUnavailable, program, temporary_folder

IMAGE = "outgrow-test:1"
SHELL = "/bin/sh"


@dataclass
class DockerEngine:
    """A Docker Engine.

    Attributes:
        socket: the path of its unix socket.
        data: its data folder; containers write to the block device under it.
        process: the running daemon.
        network: a network of its own, inside which containers see one another and nothing else.
    """

    socket: Path
    data: Path
    process: ServerProcess
    network: str = ""

    @property
    def disks(self) -> list[str]:
        """The disks whose traffic is counted per container; none where its data lies on something else (tmpfs)."""
        return _block_devices(self.data)

    @property
    def url(self) -> str:
        """Its address as DOCKER_HOST has it."""
        return f"unix://{self.socket}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call the Engine API; give the JSON answer, or none."""
        transport = httpx2.HTTPTransport(uds=str(self.socket))
        with httpx2.Client(transport=transport, base_url="http://docker", timeout=60) as client:
            answer = client.request(method, path, **options)
        if answer.is_error:
            raise ServerUnavailable(f"dockerd: {method} {path}: {answer.status_code} {answer.text.strip()}")
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.json() if is_json and answer.content and "\n{" not in answer.text else None

    def run(
        self,
        script: str,
        *,
        name: str | None = None,
        cpus: float | None = None,
        memory_bytes: int | None = None,
        networked: bool = False,
        labels: dict[str, str] | None = None,
    ) -> str:
        """Start a container that runs a shell script of busybox commands; give its name.

        Args:
            script: what its shell runs, such as `while :; do :; done`.
            name: invented when none is given.
            cpus: its quota, 0.5 for half a core; none for no quota.
            memory_bytes: its limit; none for no limit.
            networked: give it an address in the engine's own network, so that traffic is counted.
            labels: as `docker run --label`.
        """
        name = name or f"test-{secrets.token_hex(4)}"
        host: dict[str, Any] = {"NetworkMode": self.network if networked else "none"}
        # Linux counts the block I/O of a control group (version 1) only while some limit is set: set one out of reach.
        host["BlkioDeviceWriteBps"] = [{"Path": device, "Rate": 1 << 40} for device in self.disks]
        if cpus is not None:
            host["NanoCpus"] = int(cpus * 1e9)
        if memory_bytes is not None:
            host["Memory"] = memory_bytes
        wanted = {
            "Image": IMAGE,
            "Cmd": [SHELL, "-c", script],
            "HostConfig": host,
            "Labels": labels or {},
            "StopTimeout": 0,
        }
        self.call("POST", "/containers/create", params={"name": name}, json=wanted)
        self.call("POST", f"/containers/{name}/start")
        return name

    @contextmanager
    def container(self, script: str, **options: Any) -> Generator[str]:
        """Start a container as `run` does, and remove it at the end."""
        name = self.run(script, **options)
        try:
            yield name
        finally:
            self.remove(name)

    def remove(self, name: str) -> None:
        """Kill a container and remove it."""
        self.call("DELETE", f"/containers/{name}", params={"force": "1"})

    def stop(self) -> None:
        """Remove every container, end the daemon and delete its data."""
        if self.process.is_running:
            for container in self.call("GET", "/containers/json", params={"all": "1"}):
                self.remove(container["Id"])
            if self.network:
                self.call("DELETE", f"/networks/{self.network}")
        self.process.remove()


def start_docker() -> DockerEngine:
    """Start a Docker Engine that has one image, and no container."""
    daemon = program("dockerd", package="docker.io")
    busybox = _static_busybox()
    if os.geteuid() != 0:
        raise ServerUnavailable("dockerd needs root")
    folder = temporary_folder("docker", None)
    socket = folder / "docker.sock"
    command = [daemon, "--data-root", folder / "data", "--exec-root", folder / "exec", "--host", f"unix://{socket}"]
    command += ["--pidfile", folder / "docker.pid", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    command += ["--config-file", folder / "daemon.json"]
    # Only a daemon that is asked politely takes its containerd along; it need not be patient with containers.
    (folder / "daemon.json").write_text('{"shutdown-timeout": 1}')
    process = ServerProcess(command, folder, lambda: _answers(engine), dies_by=signal.SIGTERM)
    engine = DockerEngine(socket, folder / "data", process)
    try:
        process.start()
        _load_image(engine, busybox)
        # Named, so that its bridge can be told from those of others: Linux allows 15 characters.
        engine.network = f"outgrow-{secrets.token_hex(3)}"
        bridge = {"com.docker.network.bridge.name": engine.network}
        wanted = {"Name": engine.network, "Driver": "bridge", "Internal": True, "Options": bridge}
        engine.call("POST", "/networks/create", json=wanted)
    except BaseException:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return engine


def _answers(engine: DockerEngine) -> bool:
    try:
        # httpcore2 leaves the socket of a refused connection to the garbage collector, which complains in another test.
        with sockets.socket(sockets.AF_UNIX) as probe:
            probe.connect(str(engine.socket))
        engine.call("GET", "/version")
    except (OSError, httpx2.TransportError, ServerUnavailable):
        return False
    return True


def _static_busybox() -> Path:
    busybox = program("busybox", package="busybox-static")
    # ldd fails on a program that needs no shared libraries: the only kind that runs in an empty image.
    if subprocess.run(["ldd", busybox], capture_output=True, check=False).returncode == 0:
        raise ServerUnavailable(f"{busybox} is not static (Debian package busybox-static)")
    return busybox


def _load_image(engine: DockerEngine, busybox: Path) -> None:
    """Import an image with busybox under the names of all its commands."""
    commands = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as image:
        image.add(busybox.resolve(), "bin/busybox")
        for command in commands:
            if command != "busybox":
                link = tarfile.TarInfo(f"bin/{command}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                image.addfile(link)
        for name in ("tmp", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
            image.addfile(folder)
    repository, tag = IMAGE.split(":")
    how = {"fromSrc": "-", "repo": repository, "tag": tag}
    engine.call("POST", "/images/create", params=how, content=packed.getvalue())


def _block_devices(folder: Path) -> list[str]:
    """Name the block device that a folder lies on; nothing when it lies on none (tmpfs, overlay)."""
    number = folder.stat().st_dev
    description = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/uevent")
    if not description.exists():
        return []
    named = dict(line.split("=", 1) for line in description.read_text().split())
    # A limit belongs to a whole disk, not to a partition.
    return [f"/dev/{named['DEVNAME']}"] if named.get("DEVTYPE") == "disk" else []
