"""How much memory this process and all its descendants take together."""

import threading

import psutil


class MemoryWatch:
    """Samples every ``pause`` seconds in a thread; a context manager, whose ``peak`` is in bytes.

    It adds up the proportional set size, so that shared pages count once.
    """

    def __init__(self, *, pause: float = 1.0) -> None:
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-watch", daemon=True)
        self.peak = 0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(self._pause):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    memory = process.memory_full_info()
                    total += getattr(memory, "pss", memory.rss)
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)
