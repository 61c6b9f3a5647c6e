"""The nouns that pass through the doors."""

from ..core import Param as Param
from ..core import Report as Report
