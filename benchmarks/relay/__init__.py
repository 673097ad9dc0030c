"""Streams through a relay: what it costs to pass an event on, and how much later it comes."""
