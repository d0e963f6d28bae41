"""Passwords and session tokens as they are kept: by their hashes."""

import hashlib
import hmac
import secrets

SALT_BYTES = 16


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Hash a password with scrypt (RFC 7914; about 4 MB and some hundredths of a second)."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    hashed = hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1, dklen=32)
    return f"{salt.hex()}${hashed.hex()}"


def password_fits(password: str, kept: str) -> bool:
    """Say whether a password is the one whose hash was kept."""
    salt = bytes.fromhex(kept.partition("$")[0])
    return hmac.compare_digest(password_hash(password, salt), kept)


def new_token() -> str:
    """Make a session's token."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """Hash a session's token: who reads the table cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()
