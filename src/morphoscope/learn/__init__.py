"""Everything that is fitted to examples. torch is imported by the modules that need it, and only there."""
