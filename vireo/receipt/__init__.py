"""Receipts: what an edit changed and what it left alone, and an independent check of that.

runs.py    regions as run lengths
format.py  the receipt as a JSON file
writer.py  `ReceiptWriter`, which records an edit frame by frame
verify.py  `verify`: compares source, output and receipt; imports nothing that makes edits
"""

from vireo.receipt.format import EditDescription, ModelFacts, Receipt, StepFacts, read_receipt
from vireo.receipt.verify import Verdict, verify
from vireo.receipt.writer import ReceiptWriter

__all__ = [
    "EditDescription",
    "ModelFacts",
    "Receipt",
    "ReceiptWriter",
    "StepFacts",
    "Verdict",
    "read_receipt",
    "verify",
]
