"""XML from a stranger: no entities, no document types, no endless files."""

import io
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

LARGEST = 2**25  # Bytes; annotations of Sentinel-1 have a few MB.


def parse(file: BinaryIO) -> Element:
    """Returns the root of a document.

    Raises:
        ValueError: if it is no XML, very large, or defines entities.
    """
    text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError(f"its XML is larger than {LARGEST >> 20} MiB")
    try:
        return ElementTree.parse(io.BytesIO(text), forbid_dtd=True).getroot()
    except ParseError as error:
        raise ValueError(f"its XML is damaged: {error}") from error
