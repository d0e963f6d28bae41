"""An authority of our own, made with openssl: a server's certificate for localhost, and a client's."""

import subprocess
from pathlib import Path

from tests.servers.process import program


def authority(folder: Path) -> None:
    """Write ca.pem, server.pem with server.key, and client.pem with client.key.

    With every extension of RFC 5280 that Python asks for from 3.13 on.
    """
    openssl = program("openssl", package="openssl")

    def run(*words):
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
    uses = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    run(*new, "/CN=an authority", "-x509", *uses, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    for who in ("server", "client"):
        run(*new, f"/CN={who}", "-keyout", f"{who}.key", "-out", f"{who}.csr")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        run("x509", "-req", "-in", f"{who}.csr", *signed, "-out", f"{who}.pem")
