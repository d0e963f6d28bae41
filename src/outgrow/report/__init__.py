"""What people read: views of facts, worded in English and Korean, shared by the command line, JSON and HTML.

A view holds texts and numbers ready to be laid out; it decides nothing. The texts stand in `texts/*.toml`.
"""
