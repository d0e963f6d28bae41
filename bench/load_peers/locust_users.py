"""What Locust runs: users that ask for one page, each as fast as it goes or so many times a second.

A realistic request has a path and headers of its own and two checks; its user keeps the cookie. Locust has no tags.
"""

# Locust is installed beside the project, so its types are not known here.
# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportUntypedFunctionDecorator=false
import os
from itertools import count
from typing import Any, ClassVar

from locust import FastHttpUser, HttpUser, constant_throughput, task

OK = 200
EACH = os.environ.get("BENCH_RATE_EACH")


class FastHttpUsers(FastHttpUser):
    """Locust's fast client."""

    if EACH:
        wait_time = constant_throughput(float(EACH))

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.get("", name="one")


class RealisticFastHttpUsers(FastHttpUser):
    """Locust's fast client, with the work that a scenario usually has."""

    if EACH:
        wait_time = constant_throughput(float(EACH))
    numbers: ClassVar[Any] = count()

    def on_start(self) -> None:
        """Take a number."""
        self.number, self.asked = next(self.numbers), count()

    @task
    def ask(self) -> None:
        """Ask once, and look at the answer."""
        turn = next(self.asked)
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self.number}",
            "X-Request": str(turn),
            "X-Client": "bench",
        }
        path = f"/farms/{self.number}?n={turn}"
        with self.client.get(path, name="realistic", headers=headers, catch_response=True) as answer:
            if answer.status_code != OK:
                answer.failure("status is not 200")
            elif "welcome" not in answer.text:
                answer.failure("is not welcome")


class HttpUsers(HttpUser):
    """Locust's usual client."""

    if EACH:
        wait_time = constant_throughput(float(EACH))

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.get("", name="one")
