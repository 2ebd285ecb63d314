"""How fast images are trained on."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic


@dataclass
class _Tally:
    """Images and the seconds that they took, and those of them that took no compiling."""

    images: int = 0
    seconds: float = 0.0
    steady_images: int = 0
    steady_seconds: float = 0.0

    def add(self, images: int, seconds: float, *, steady: bool) -> None:
        self.images += images
        self.seconds += seconds
        if steady:
            self.steady_images += images
            self.steady_seconds += seconds

    def rate(self) -> float:
        steady = self.steady_images > 0
        images, seconds = (self.steady_images, self.steady_seconds) if steady else (self.images, self.seconds)
        return images / max(seconds, 1e-6)


class Pace:
    """Images a second in an epoch, with its checkpoints, and since the last report; with the wait for their batches.

    With the first batch of each size a step is compiled: it is left out as soon as there is another.
    """

    def __init__(self) -> None:
        self._compiled: set[int] = set()
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Count anew, from now on."""
        self._last, self._epoch, self._reported = monotonic(), _Tally(), _Tally()

    def note(self, images: int) -> None:
        """Count a batch of so many images, which has been trained on since the one before it."""
        now = monotonic()
        steady, seconds = images in self._compiled, now - self._last
        for tally in (self._epoch, self._reported):
            tally.add(images, seconds, steady=steady)
        self._compiled.add(images)
        self._last = now

    def note_pause(self) -> None:
        """Count what came since the last batch, as a checkpoint, to the epoch, which takes so long, and no report."""
        now = monotonic()
        self._epoch.add(0, now - self._last, steady=True)
        self._last = now

    def of_epoch(self) -> float | None:
        """Return the images a second since the epoch began here; None where none has been trained on."""
        return self._epoch.rate() if self._epoch.images else None

    def since_report(self) -> float:
        """Return the images a second since this was last asked."""
        rate, self._reported = self._reported.rate(), _Tally()
        return rate
