"""The practice system: a small simulated production whose faults and repairs are real to the agents."""
