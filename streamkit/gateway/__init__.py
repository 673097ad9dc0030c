"""For gateways: observe a stream while it passes, without touching it."""
