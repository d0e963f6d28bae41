"""CSV text that may be a tool's result, or anything else."""

import csv
import io


def lines_of(text: str) -> io.StringIO:
    """Give a text's lines for the `csv` module, such that it refuses none of them.

    A field may be as long as the text, as the body of an answer is in a row of vegeta's; a lone carriage return ends a
    line.
    """
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    return io.StringIO(text, newline=None)
