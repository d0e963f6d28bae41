"""What SHOW GRANTS says, told for people."""

from outgrow.observe.mysql.rights import warnings_about


def test_rights_on_columns_are_told_apart_by_their_commas() -> None:
    grants = [
        "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*0123'",
        "GRANT SELECT (a, b), UPDATE (c, d) ON `shop`.`orders` TO `a`@`%`",
        "GRANT PROCESS ON *.* TO `a`@`%`",
    ]

    (warning,) = warnings_about(grants, "a")

    assert "in shop.orders (UPDATE)" in warning
    assert "*0123" not in warning


def test_a_superuser_is_told_in_one_warning() -> None:
    (warning,) = warnings_about(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], "root")

    assert "may do everything on this server" in warning


def test_a_reader_that_sees_every_thread_is_not_warned_of() -> None:
    assert (
        warnings_about(["GRANT PROCESS ON *.* TO `r`@`%`", "GRANT SELECT, SHOW VIEW ON `shop`.* TO `r`@`%`"], "r") == []
    )
