"""Vendors' rules as data: one validated YAML file a vendor."""
