# The part of aiomysql that outgrow and its tests use; the package has no types of its own.

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from ssl import SSLContext
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from pymysql.err import DatabaseError as DatabaseError
from pymysql.err import DataError as DataError
from pymysql.err import Error as Error
from pymysql.err import IntegrityError as IntegrityError
from pymysql.err import InterfaceError as InterfaceError
from pymysql.err import InternalError as InternalError
from pymysql.err import MySQLError as MySQLError
from pymysql.err import NotSupportedError as NotSupportedError
from pymysql.err import OperationalError as OperationalError
from pymysql.err import ProgrammingError as ProgrammingError

Arguments = Sequence[Any] | Mapping[str, Any] | None

T_co = TypeVar("T_co", covariant=True)

class _Coming(Awaitable[T_co], AbstractAsyncContextManager[T_co], Protocol[T_co]): ...

class Cursor:
    def __init__(self, connection: Connection, echo: bool = False) -> None: ...
    rowcount: int
    lastrowid: int | None
    # Seven values per column, the first its name; none before a query.
    description: tuple[tuple[Any, ...], ...] | None
    async def execute(self, query: str, args: Arguments = None) -> int: ...
    async def executemany(self, query: str, args: Sequence[Arguments]) -> int | None: ...
    async def fetchone(self) -> Any: ...
    async def fetchmany(self, size: int | None = None) -> Sequence[Any]: ...
    async def fetchall(self) -> Sequence[Any]: ...
    async def nextset(self) -> bool | None: ...
    async def close(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...

class SSCursor(Cursor): ...
class DictCursor(Cursor): ...
class SSDictCursor(SSCursor): ...

class Connection:
    client_flag: int
    server_capabilities: int
    # Overridden and called by outgrow: the driver's own connect() leaks a cancelled connection and forgoes TLS.
    _ssl_context: SSLContext | None
    _secure: bool
    def __init__(
        self,
        host: str = "localhost",
        user: str | None = None,
        password: str = "",
        db: str | None = None,
        port: int = 3306,
        *,
        charset: str = "",
        autocommit: bool | None = False,
        ssl: SSLContext | None = None,
        program_name: str = "",
    ) -> None: ...
    async def _connect(self) -> None: ...
    async def _request_authentication(self) -> None: ...
    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def closed(self) -> bool: ...
    def escape(self, obj: object) -> str: ...
    async def query(self, sql: str, unbuffered: bool = False) -> int: ...
    def cursor(self, *cursors: type[Cursor]) -> _Coming[Cursor]: ...
    def thread_id(self) -> int: ...
    def get_server_info(self) -> str: ...
    async def autocommit(self, value: bool) -> None: ...
    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...
    async def ping(self, reconnect: bool = True) -> None: ...
    def close(self) -> None: ...
    async def ensure_closed(self) -> None: ...

class Pool:
    @property
    def size(self) -> int: ...
    @property
    def freesize(self) -> int: ...
    def acquire(self) -> _Coming[Connection]: ...
    def release(self, conn: Connection) -> Awaitable[None]: ...
    def close(self) -> None: ...
    def terminate(self) -> None: ...
    async def wait_closed(self) -> None: ...

def connect(
    host: str = "localhost",
    user: str | None = None,
    password: str = "",
    db: str | None = None,
    port: int = 3306,
    *,
    unix_socket: str | None = None,
    charset: str = "",
    sql_mode: str | None = None,
    init_command: str | None = None,
    connect_timeout: float | None = None,
    cursorclass: type[Cursor] = ...,
    autocommit: bool | None = False,
    local_infile: bool = False,
    ssl: SSLContext | None = None,
    program_name: str = "",
) -> _Coming[Connection]: ...
def create_pool(
    minsize: int = 1,
    maxsize: int = 10,
    echo: bool = False,
    pool_recycle: int = -1,
    *,
    host: str = "localhost",
    user: str | None = None,
    password: str = "",
    db: str | None = None,
    port: int = 3306,
    unix_socket: str | None = None,
    charset: str = "",
    sql_mode: str | None = None,
    init_command: str | None = None,
    connect_timeout: float | None = None,
    cursorclass: type[Cursor] = ...,
    autocommit: bool | None = False,
    local_infile: bool = False,
    ssl: SSLContext | None = None,
    program_name: str = "",
) -> _Coming[Pool]: ...
