"""The tasks there are, for the doors, at no cost: nothing of a task is imported."""

from ..tasks import GROUPS as GROUPS
from ..tasks import TASKS as TASKS
from ..tasks import load as load
