"""What a fleet's own manager takes, so that nobody needs another manager.

Each format is decided as a mapping of file names to contents; `write_files` puts them into a folder.
"""

from .ansible import ansible_files
from .oci import oci_files
from .writing import Files, write_files

__all__ = ["Files", "ansible_files", "oci_files", "write_files"]
