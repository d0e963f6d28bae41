"""What Locust runs: users that ask for one page, each as fast as it goes or so many times a second."""

# Locust is installed beside the project, so its types are not known here.
# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportUntypedFunctionDecorator=false
import os

from locust import FastHttpUser, HttpUser, constant_throughput, task

EACH = os.environ.get("BENCH_RATE_EACH")


class FastHttpUsers(FastHttpUser):
    """Locust's fast client."""

    if EACH:
        wait_time = constant_throughput(float(EACH))

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.get("", name="one")


class HttpUsers(HttpUser):
    """Locust's usual client."""

    if EACH:
        wait_time = constant_throughput(float(EACH))

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.get("", name="one")
