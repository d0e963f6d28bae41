"""PAM Talk, a market for farm produce, in two forms of one API: as it is, and after phase 1 of its roadmap.

`market` and `demand` say what the answers are; `as_it_is` and `after_phase_1` get the same answers in two ways.
"""
