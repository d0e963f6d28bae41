"""A shop with sessions: who logs in gets a cookie and a token, and needs both."""

import json
from collections import Counter
from urllib.parse import parse_qs, urlsplit

from tests.loadtest.servers import serving


class Shop:
    """Answers /login, /list, /buy and /gone, and remembers who asked for what."""

    def __init__(self):
        self.asked = Counter()
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.logins = 0

    def serving(self):
        return serving(self._talk)

    async def _talk(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:] if line)
            body = await reader.readexactly(int(headers.get("Content-Length", 0)))
            self.heads.append(head)
            self.bodies.append(body)
            target = urlsplit(head.split()[1].decode())
            self.asked[target.path] += 1
            writer.write(self._answer(target.path, parse_qs(target.query), headers))

    def _answer(self, path, query, headers):
        cookie = headers.get("Cookie", "")
        match path:
            case "/login":
                self.logins += 1
                document = {"token": f"t{self.logins}", "items": [{"id": 7}, {"id": 8}], "old": None}
                return answer(200, document, f"Set-Cookie: sid=s{self.logins}; Path=/; HttpOnly")
            case "/list" if cookie and query.get("token") == [f"t{cookie.removeprefix('sid=s')}"]:
                return answer(200, {"items": [1, 2, 3]}, "X-Page: 1 of 3")
            case "/buy" if cookie:
                return answer(201, {"order": cookie})
            case "/gone":
                return answer(500, {})
            case _:
                return answer(401, {"why": "who are you?"})


def answer(status, document, *headers):
    body = json.dumps(document).encode()
    lines = [f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
