"""Receipts: what an edit did and what it left alone, and an independent check of that.

runs.py    regions as run lengths
format.py  the receipt as a file
writer.py  `ReceiptWriter`, which `vireo.pipeline.edit` tells of every frame
verify.py  `verify`: source, output and receipt against each other; it imports nothing that makes edits
"""

from vireo.receipt.format import Receipt, read_receipt
from vireo.receipt.verify import Verdict, verify
from vireo.receipt.writer import ReceiptWriter

__all__ = ["Receipt", "ReceiptWriter", "Verdict", "read_receipt", "verify"]
