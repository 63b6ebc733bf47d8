"""Runs every benchmark and prints its figures."""

from benchmarks import (
    agent_overhead,
    agent_start,
    api_calls,
    document_sizes,
    emulator,
    hot_swap,
    hundred_components,
    nucleus,
    packing,
    start_up,
    uploading,
)

start_up.main()
packing.main()
uploading.main()
hundred_components.main()
api_calls.main()
document_sizes.main()
emulator.main()
nucleus.main()
hot_swap.main()
agent_overhead.main()
agent_start.main()
