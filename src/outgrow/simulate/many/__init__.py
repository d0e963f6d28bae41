"""Many policies over one trace at once: arrays of one number a policy, stepped through time.

A search tries hundreds of policies on the same traffic. What a step does for one of them it does for all, so numpy does
it for all; a decision then costs a tenth of what it costs alone. The numbers are those of `rehearse`, decision by
decision.
"""

from outgrow.simulate.many.course import Courses, courses_of, rehearse_many
from outgrow.simulate.many.groups import fits_many, groups_of

__all__ = ["Courses", "courses_of", "fits_many", "groups_of", "rehearse_many"]
