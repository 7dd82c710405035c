"""One thread encodes; what arrives during a forward makes up the next batch. No timer, no spinning."""

from collections.abc import Sequence
from concurrent.futures import Future
from queue import Full, Queue
from threading import Thread

from models.encoder import Encoder, Vectors

LARGEST_BATCH = 16


class EncoderBusy(Exception):
    """More queries wait than were allowed to."""


class BatchingEncoder:
    """Encodes single queries from many threads in shared batches."""

    def __init__(self, encoder: Encoder, *, waiting: int) -> None:
        """`waiting`: how many queries may queue before `EncoderBusy` is raised."""
        self.encoder = encoder
        self._queue: Queue[tuple[str, Future[Vectors]] | None] = Queue(waiting)
        self._thread = Thread(target=self._run, name="encoder", daemon=True)
        self._thread.start()

    def encode_query(self, text: str, *, timeout_seconds: float | None = None) -> Vectors:
        """The unit vector of one query, float32 of shape (dimension,).

        Raises:
            EncoderBusy: the queue is full, or the answer did not come in time.
        """
        future: Future[Vectors] = Future()
        try:
            self._queue.put_nowait((text, future))
            return future.result(timeout_seconds)
        except (Full, TimeoutError):
            raise EncoderBusy("The encoder has more queries waiting than it can take.") from None

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            stop = False
            while len(batch) < LARGEST_BATCH and not self._queue.empty():
                if (item := self._queue.get()) is None:
                    stop = True
                    break
                batch.append(item)
            self._answer(batch)
            if stop:
                return

    def _answer(self, batch: Sequence[tuple[str, Future[Vectors]]]) -> None:
        try:
            vectors = self.encoder.encode_queries([text for text, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), vector in zip(batch, vectors, strict=True):
                future.set_result(vector)
