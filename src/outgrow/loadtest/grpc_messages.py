"""What gRPC methods take and give: from descriptor sets and .proto files, or from the server's own reflection."""

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import Any, Final

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from outgrow.errors import Failure, SourceError, UsageError, one_line
from outgrow.plan.step_protocols import GrpcCall

_SUFFIX: Final = ".proto"
_SECONDS: Final = 30


def described(calls: Sequence[GrpcCall], channel: Any, base: Path) -> Mapping[str, MethodDescriptor]:
    """Look up every method that is called.

    Args:
        calls: which, and by which file they are described.
        channel: to the server, which is asked where no file is named.
        base: what files are relative to.

    Raises:
        SourceError: the server does not describe itself, or has no such method.
        UsageError: a file cannot be read, or describes no such method.
    """
    reflected: DescriptorPool | None = None
    by_file = dict[tuple[str, tuple[str, ...]], DescriptorPool]()
    found = dict[str, MethodDescriptor]()
    for call in calls:
        if call.proto is None:
            reflected = reflected or DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
            found[call.method] = _method_of(reflected, call.method)
            continue
        key = call.proto, call.import_paths
        if key not in by_file:
            by_file[key] = _pool_of(base / call.proto, [base / each for each in call.import_paths])
        try:
            found[call.method] = _method_of(by_file[key], call.method)
        except SourceError as error:
            raise UsageError(f"{call.proto}: {error}") from error
    return found


def _pool_of(path: Path, import_paths: Iterable[Path]) -> DescriptorPool:
    if not path.is_file():
        raise UsageError(f'grpc.proto: "{path}" does not exist; its path is relative to the plan')
    content = _compiled(path, import_paths) if path.suffix == _SUFFIX else path.read_bytes()
    pool = DescriptorPool()
    try:
        for file in FileDescriptorSet.FromString(content).file:
            pool.AddSerializedFile(file.SerializeToString())
    except (DecodeError, TypeError) as error:
        raise UsageError(
            f"{path} is no whole descriptor set ({one_line(str(error))}); write it with protoc --include_imports "
            f"--descriptor_set_out={path.name} FILE.proto"
        ) from error
    return pool


def _compiled(path: Path, import_paths: Iterable[Path]) -> bytes:
    program = which("protoc")
    if program is None:
        raise UsageError(
            f"{path}: a .proto file needs protoc (Debian: protobuf-compiler) on the PATH; or name the descriptor set "
            f"that protoc --include_imports --descriptor_set_out={path.stem}.pb {path.name} writes elsewhere"
        )
    folders = [f"--proto_path={each}" for each in (path.parent, *import_paths)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "descriptors"
        words = [program, *folders, "--include_imports", f"--descriptor_set_out={out}", str(path)]
        done = subprocess.run(  # noqa: S603 (the program found on the PATH, no shell)
            words, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode:
            raise UsageError(f"{path}: protoc does not understand it: {one_line(done.stderr)}; mend the file")
        return out.read_bytes()


def _method_of(pool: DescriptorPool, name: str) -> MethodDescriptor:
    service, _, method = name.partition("/")
    try:
        found = pool.FindServiceByName(service)
    except grpc.RpcError as error:
        raise SourceError(
            Failure.NOT_CONFIGURED,
            "the gRPC server does not describe itself",
            "turn its reflection on, or describe it by a file: grpc: {method: ..., proto: FILE}",
        ) from error
    except KeyError as error:
        raise SourceError(
            Failure.NO_SUCH_THING, f"there is no service {service}", "correct the step's grpc.method"
        ) from error
    descriptor = found.methods_by_name.get(method)
    if descriptor is None:
        raise SourceError(
            Failure.NO_SUCH_THING,
            f"{service} has no method {method}",
            f"its methods are {', '.join(found.methods_by_name)}",
        )
    if descriptor.client_streaming:
        raise SourceError(
            Failure.NOT_CONFIGURED, f"{name} wants a stream of questions", "only one question to a call can be sent"
        )
    return descriptor
