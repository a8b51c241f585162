"""What to say where the memory of a device does not suffice."""

import contextlib
from collections.abc import Iterator

import jax


class OutOfMemoryError(ValueError):
    """More than the memory of a device; the message names the mend."""


@contextlib.contextmanager
def of_device(device: jax.Device, mend: str) -> Iterator[None]:
    """Says how to do with less memory where XLA only says that it ran out.

    Args:
        device: That is worked on.
        mend: The end of a sentence, as "lower the batch size".

    Raises:
        OutOfMemoryError: if what is done within takes too much.
    """
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise OutOfMemoryError(
            f"the memory of the device ({device.device_kind}) does not suffice; {mend}."
        ) from error
