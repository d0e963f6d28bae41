"""What nginx is told: the upstream of a service, and the whole configuration of an nginx of our own. Pure text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from outgrow.errors import ActuatorError, Failure

_BARE_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-:[]")
_NOBODY: Final = "    server 127.0.0.1:9 down;\n"
# nginx's keep-alive connections to a replica: closed by nginx before common servers close them (uvicorn after 5 s),
# so that no request is sent on a connection that the replica is about to close.
_IDLE_UPSTREAM: Final = "    keepalive 64;\n    keepalive_timeout 4s;\n"
_KEEPALIVE_MIN_TIMEOUT_SINCE: Final = (1, 27, 4)

_WHOLE: Final = """\
# Written by outgrow; do not edit.
worker_processes {workers};
worker_shutdown_timeout {shutdown_seconds}s;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{
    worker_connections 8192;
}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    client_body_buffer_size 64k;
    map $http_upgrade $outgrow_connection {{
        default upgrade;
        '' '';
    }}
    include {folder}/upstream.conf;
    server {{
        listen {listen} {deferred}backlog=4096;
{keepalive}        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $outgrow_connection;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


def upstream_text(name: str, addresses: Sequence[str], balance: Literal["least_conn", "round_robin"]) -> str:
    """Write an upstream; round robin is nginx's own way and needs no word.

    A replica that refuses a connection is left out for a moment and the request goes to the next one. Without any
    replica nginx answers 502.

    Raises:
        ActuatorError: an address that would be read as something else.
    """
    for each in addresses:
        if not each or not set(each) <= _BARE_WORD:
            raise ActuatorError(Failure.NOT_ACCEPTED, f'"{each}" is no address for nginx', "look at runs_on.host")
    servers = "".join(f"    server {each} max_fails=1 fail_timeout=2s;\n" for each in addresses)
    how = "    least_conn;\n" if balance == "least_conn" else ""
    return (
        "# Written by outgrow; do not edit.\n"
        f"upstream {name} {{\n    zone {name} 128k;\n{how}{servers or _NOBODY}{_IDLE_UPSTREAM}}}\n"
    )


@dataclass(frozen=True, slots=True)
class OwnNginx:
    """What an nginx of our own is told besides its upstream.

    `version` is nginx's, as numbers; `shutdown` how long a worker of before a reload may finish its requests.
    """

    folder: str
    listen: str
    upstream: str
    workers: int
    shutdown: timedelta
    version: tuple[int, ...]
    can_defer: bool

    def text(self) -> str:
        """Write the whole configuration."""
        # A connection is accepted with its first request, never idle: a reload cannot close it under a request.
        deferred = "deferred " if self.can_defer else ""
        spared = self.version >= _KEEPALIVE_MIN_TIMEOUT_SINCE
        # A worker that leaves closes its idle connections at once, perhaps under a request that is on its way: newer
        # versions can be told to wait, of older ones no client connection is kept.
        timeouts = "keepalive_timeout 6s 4s;\n        keepalive_min_timeout 6s;" if spared else "keepalive_timeout 0;"
        keepalive = f"        {timeouts}\n"
        return _WHOLE.format(
            workers=self.workers,
            shutdown_seconds=max(1, round(self.shutdown.total_seconds())),
            folder=self.folder,
            listen=self.listen,
            upstream=self.upstream,
            deferred=deferred,
            keepalive=keepalive,
        )
