"""The lease beside a journal file, when somebody tidies up around it."""

from outgrow.journal.sqlite.lease import take_lease


async def test_a_lease_whose_file_is_deleted_is_held_on(tmp_path):
    journal = tmp_path / "outgrow.journal.sqlite"
    lease = take_lease(journal, "scale auth")
    assert lease is not None
    lease.file.unlink()

    assert await lease.still_held()
    assert take_lease(journal, "scale auth") is None
    await lease.release()
    assert not await lease.still_held()


async def test_a_lease_that_another_took_after_its_file_was_deleted_is_lost(tmp_path):
    journal = tmp_path / "outgrow.journal.sqlite"
    first = take_lease(journal, "scale auth")
    assert first is not None
    first.file.unlink()
    second = take_lease(journal, "scale auth")
    assert second is not None

    assert not await first.still_held()
    assert await second.still_held()
    await second.release()
    assert await first.still_held()  # nobody else holds it now
    await first.release()
