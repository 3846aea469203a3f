"""The guard: puts an app's traffic back when the driver of its run has died.

It runs inside the cluster, in a stock Python image, from these few files and the standard library,
and so imports nothing of the rest of this package but the form of alerts, which is mounted too.
`tests/contracts/test_guard.py` keeps both in agreement about records, Leases and lists. Its pod
answers probes and /metrics. Absent on purpose: anything that is done to a living run, or at rest.
"""
