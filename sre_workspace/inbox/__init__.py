"""The inbox: what waits for one person, what is active, what moved on since they looked."""
