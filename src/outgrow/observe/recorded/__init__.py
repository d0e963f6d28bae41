"""Recorded series: CSV and Parquet files, answering for any moment they cover; they serve plan tests and demos too."""

from outgrow.observe.recorded.signals import RecordedSignals

__all__ = ["RecordedSignals"]
