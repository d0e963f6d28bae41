"""The examples that ship: their schemas, their queries and their traffic, on real servers."""
