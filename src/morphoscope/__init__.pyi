__version__: str

from .app import campaign as campaign
from .app import correct as correct
from .app import run as run
from .core import Curve as Curve
from .core import Dataset as Dataset
from .core import LabelMap as LabelMap
from .core import Micrograph as Micrograph
from .core import Pattern as Pattern
from .core import PixelSize as PixelSize
from .core import Report as Report
from .core import Sample as Sample
from .core import Stack as Stack
from .core import Trajectory as Trajectory
from .io import read as read
from .io import write as write
