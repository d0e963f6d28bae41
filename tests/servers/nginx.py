"""nginx from Debian's package, with one server that passes everything to an upstream which a test writes."""

from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerProcess, free_port, listens, program, temporary_folder

_CONFIG = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/upstreams/*.conf;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://auth; }}
    }}
}}
"""


@dataclass
class NginxServer:
    """A running nginx whose upstream `auth` stands in a file of its own.

    Attributes:
        port: where it listens.
        folder: its configuration nginx.conf, its nginx.pid, and upstreams/auth.conf.
        process: the running master.
    """

    port: int
    folder: Path
    process: ServerProcess

    def stop(self) -> None:
        """End it and delete its folder."""
        self.process.remove()


def start_nginx() -> NginxServer:
    """Start an nginx whose upstream has nobody in it yet."""
    nginx = program("nginx", package="nginx")
    folder, port = temporary_folder("nginx", None), free_port()
    (folder / "upstreams").mkdir()
    (folder / "upstreams" / "auth.conf").write_text("upstream auth { server 127.0.0.1:9 down; }\n")
    (folder / "nginx.conf").write_text(_CONFIG.format(folder=folder, port=port))
    command = [nginx, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    process = ServerProcess(command, folder, lambda: listens(port))
    process.start()
    return NginxServer(port, folder, process)
