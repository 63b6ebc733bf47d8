"""Serves a cached version in place of a desired model that cannot serve. Used by the control thread only."""

import logging

from edge_agent.serving.loader import Load, Loaded, Loader
from edge_agent.serving.model_cache import ModelCache
from edge_agent.serving.served_models import ServedModels, Target

logger = logging.getLogger(__name__)


class Fallbacks:
    """Loads the cached versions of a model, the newest first, until one serves."""

    def __init__(self, served_models: ServedModels, loader: Loader, model_cache: ModelCache) -> None:
        self._served_models = served_models
        self._loader = loader
        self._model_cache = model_cache
        self._pending: dict[str, tuple[Load, frozenset[str]]] = {}
        self.allowed = True
        """Whether a cached model may hide that the desired one failed. Not so at an agent version's first start on
        classic: it must fail there, so that the nucleus rolls back."""

    @property
    def under_way(self) -> bool:
        """Whether a cached model is being loaded."""
        return bool(self._pending)

    def begin(self, target: Target, *, even_now: bool = False) -> bool:
        """Load the newest cached version of the target's model, but not the target's digest.

        Return whether there is one that may serve. ``even_now``: it may serve whether that is allowed or not.
        """
        return (self.allowed or even_now) and self._load(target, frozenset({target.digest}))

    def forget(self, model: str) -> None:
        """Give up the model's fallback, if one is being loaded: nobody wants it any more."""
        self._pending.pop(model, None)

    def loaded(self, answer: Loaded) -> None:
        """Take the loader's answer: swap the cached version in, or try the next one."""
        target = answer.job.target
        job, tried = self._pending.get(target.model, (None, frozenset[str]()))
        wanted = job is answer.job
        if wanted:
            del self._pending[target.model]
        if answer.model is not None and wanted:
            self._served_models.swap(target, answer.model)
            logger.warning("cached version serves", extra={"model": target.model, "version": target.version})
        elif answer.model is not None:
            self._loader.close(answer.model)
        elif wanted and self.allowed:
            self._load(target, tried)

    def _load(self, target: Target, tried: frozenset[str]) -> bool:
        for cached in self._model_cache.of(target.model):
            if cached.digest not in tried:
                old = Target(cached.model, cached.component, cached.version, cached.digest, target.release)
                job = Load(old, self._model_cache.folder(cached.digest), None, fallback=True)
                if self._loader.submit(job):
                    logger.warning("falling back", extra={"model": target.model, "version": cached.version})
                    self._pending[target.model] = (job, tried | {cached.digest})
                    return True
        return False
