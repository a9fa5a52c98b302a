"""Raw columns become the columns of a schema: trimmed, read by their formats; rows that cannot be are set aside."""

from __future__ import annotations

from penstock.warehouse.cleaning.clean import Cleaned, Cleaning
from penstock.warehouse.cleaning.names import sanitised

__all__ = ["Cleaned", "Cleaning", "sanitised"]
