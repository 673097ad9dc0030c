"""What comes over the panes: forms, keys, prompts."""
