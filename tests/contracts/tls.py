"""Lets a test's server speak TLS."""

from __future__ import annotations

import ssl
import subprocess
from http.server import HTTPServer
from pathlib import Path


def behind_tls(web: HTTPServer, directory: Path) -> str:
    """Let the server speak TLS with a certificate of its own making, in PEM."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=here"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *made, *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    return certificate.read_text()
