"""The viewer measured against its goals: `python -m benchmarks.viewer`."""
