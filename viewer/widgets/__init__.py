"""The panes of the viewer."""
