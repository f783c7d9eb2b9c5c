"""Which devices there are: a YAML file of ours, or an inventory of Ansible's."""

from .inventory import Inventory, read_inventory, select

__all__ = ["Inventory", "read_inventory", "select"]
