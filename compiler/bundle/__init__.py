"""A bundle: named Parquet frames in a folder, a zip file or memory."""

from .bundle import Bundle
from .describe import ColumnDescription, FrameDescription
from .errors import BundleError

__all__ = ["Bundle", "BundleError", "ColumnDescription", "FrameDescription"]
