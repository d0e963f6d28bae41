"""Prometheus from Debian's package prometheus, with promtool to load recorded samples."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.servers.process import Account, ServerProcess, free_port, program, run, temporary_folder, unprivileged

Config = Mapping[str, Any]


@dataclass
class PrometheusServer:
    """A Prometheus that scrapes what its config says and keeps samples for ten years.

    Attributes:
        port: on 127.0.0.1.
        account: whom it runs as.
        process: the running server: `process.kill()`, `process.start()`.
    """

    port: int
    account: Account | None
    process: ServerProcess

    @property
    def url(self) -> str:
        """The address of its HTTP API, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def config_file(self) -> Path:
        """Its configuration; JSON, which is YAML."""
        return self.process.folder / "prometheus.yml"

    def configure(self, config: Config) -> None:
        """Write a new configuration and let the running server read it."""
        self.config_file.write_text(json.dumps(config))
        with urlopen(f"{self.url}/-/reload", data=b"", timeout=10):
            pass

    def load(self, openmetrics: str) -> None:
        """Add recorded samples, in the OpenMetrics text format with times in seconds and `# EOF` as last line.

        The server is started again, for only then does it look for new blocks.
        """
        recording = self.process.folder / "recording.txt"
        recording.write_text(openmetrics)
        promtool = program("promtool", package="prometheus")
        data = self.process.folder / "data"
        run([promtool, "tsdb", "create-blocks-from", "openmetrics", recording, data], self.account)
        self.process.stop()
        self.process.start()

    def query(self, path_and_query: str) -> Any:
        """Ask the HTTP API, such as `/api/v1/query?query=up`; give the JSON answer's `data`."""
        with urlopen(f"{self.url}{path_and_query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def stop(self) -> None:
        """End it and delete its data."""
        self.process.remove()


def start_prometheus(config: Config | None = None) -> PrometheusServer:
    """Start an empty Prometheus.

    Args:
        config: as in `prometheus.yml`; without one it scrapes nothing.
    """
    server = program("prometheus", package="prometheus")
    account = unprivileged()
    folder = temporary_folder("prometheus", account)
    (folder / "prometheus.yml").write_text(json.dumps(config or {"scrape_configs": []}))
    (folder / "data").mkdir()
    if account is not None:
        os.chown(folder / "data", account.uid, account.gid)
    port = free_port()
    command = [server, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [
        "--web.enable-remote-write-receiver",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
    ]
    prometheus = PrometheusServer(port, account, ServerProcess(command, folder, lambda: _ready(port), account))
    try:
        prometheus.process.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return prometheus


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1):
            return True
    except (URLError, OSError):
        return False
