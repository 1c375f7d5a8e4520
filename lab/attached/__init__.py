"""The lab attached to real servers: kubelet to an API server, target of a Prometheus, pod logs."""
