"""Plans, approvals, guardrails, executors, verification: the only package that changes a target."""
