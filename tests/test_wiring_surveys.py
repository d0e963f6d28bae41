"""Who is asked what it has is told by the scheme of the url; no url and no password comes back in an error."""

from pathlib import Path

import pytest

from outgrow.errors import Failure, SourceError, UsageError
from outgrow.plan.findings import DatabaseFindings
from outgrow.wiring import survey
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port

HERE = Path()


async def test_a_url_that_is_a_variable_keeps_its_name_in_the_plan(postgres_server: PostgresServer):
    url = postgres_server.admin_url
    found = await survey("${SHOP_URL}", {"SHOP_URL": url}, HERE)
    assert isinstance(found, DatabaseFindings)
    assert found.variable == "SHOP_URL"
    assert (await survey(url, {}, HERE)).variable == ""


@pytest.mark.parametrize("url", ["hunter2", "sqlite:shop.sqlite", "ftp://shop:hunter2@shop", ""])
async def test_what_cannot_be_asked_is_told_without_repeating_it(url: str):
    with pytest.raises(UsageError) as caught:
        await survey(url, {}, HERE)
    assert "postgresql" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_variable_that_is_not_set_is_told():
    with pytest.raises(SourceError, match="SHOP_URL is not set"):
        await survey("${SHOP_URL}", {}, HERE)


async def test_a_failure_hides_the_password_of_a_variable():
    with pytest.raises(SourceError) as caught:
        await survey("${URL}", {"URL": f"postgresql://shop:hunter2@127.0.0.1:{free_port()}/shop"}, HERE)
    assert caught.value.failure is Failure.REFUSED
    assert "hunter2" not in str(caught.value)
