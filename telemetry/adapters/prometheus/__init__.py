"""Any server with the Prometheus HTTP API: Prometheus, VictoriaMetrics, Mimir, Thanos."""
