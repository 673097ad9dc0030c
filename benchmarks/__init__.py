"""What streamkit costs, stage by stage, alone and beside its peers.

`shapes` is the catalogue of workloads. `bench_*` measure one stage each, for daily work; `compare` publishes.
"""
