"""Socket.IO: who is connected, what they ask, what they are told."""
