"""The terminal viewer for runs; it may import streamkit, nothing in streamkit imports it."""
