"""The cookie by which Traefik keeps a client on a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Affinity:
    """The cookie that keeps a client on a version; `max_age_s` in seconds, "" leaves a part out."""

    name: str
    max_age_s: int
    path: str = "/"
    domain: str = ""
    same_site: str = ""
    secure: bool = False
    http_only: bool = False

    def sticky(self) -> dict[str, Any]:
        """As Traefik has it."""
        cookie = {
            "name": self.name,
            "maxAge": self.max_age_s,
            "path": self.path,
            "domain": self.domain,
            "sameSite": self.same_site,
            "secure": self.secure,
            "httpOnly": self.http_only,
        }
        return {"cookie": {key: value for key, value in cookie.items() if value}}
