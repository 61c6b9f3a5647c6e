"""Property tests draw the same examples every time and are not timed one by one."""

from hypothesis import settings

settings.register_profile("nouns", deadline=None, derandomize=True)
settings.load_profile("nouns")
