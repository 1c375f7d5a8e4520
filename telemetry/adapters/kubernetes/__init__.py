"""A Kubernetes cluster by read-only verbs: state, rollouts as the change feed, pod logs."""
