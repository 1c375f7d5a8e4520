"""A call that does not come back is cut off: nobody waits for it, and nobody believes it."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

from remediation.errors import ExecutorError, RemediationError

Output = dict[str, str]


def within(seconds: float, call: Callable[[], Output]) -> Output:
    """Return what a call gives, if it comes back in time.

    The call runs in a thread of its own, which is left behind when it hangs: whether it was done is
    then not known, and has to be looked up at the target. The same goes for one that dies of an error
    that no executor may raise; that is known at once.

    Raises:
        RemediationError: What the call raised.
        ExecutorError: It was cut off, or it died.
    """
    future: Future[Output] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except RemediationError as error:
            future.set_exception(error)
        finally:
            # Whatever else it died of goes on to the thread's own hook, which prints it.
            if not future.done():
                name = type(sys.exc_info()[1]).__name__
                future.set_exception(ExecutorError(f"The call died of an unexpected {name}."))

    threading.Thread(target=run, name="executor-call", daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError as error:
        raise ExecutorError(f"No answer within {seconds:g} s: the call was cut off.") from error
