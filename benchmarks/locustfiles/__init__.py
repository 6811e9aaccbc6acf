"""The ten scenarios, in order."""

from locustfiles import (
    s01_sequential_write,
    s02_concurrent_write,
    s03_sequential_read,
    s04_concurrent_read,
    s05_mixed,
    s06_raft_overhead,
    s07_audit_query,
    s08_payload_sweep,
    s09_snapshot_restore,
    s10_single_node,
)

ALL = [
    module.SCENARIO
    for module in (
        s01_sequential_write,
        s02_concurrent_write,
        s03_sequential_read,
        s04_concurrent_read,
        s05_mixed,
        s06_raft_overhead,
        s07_audit_query,
        s08_payload_sweep,
        s09_snapshot_restore,
        s10_single_node,
    )
]
