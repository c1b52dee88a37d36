"""What operators see: lines of a log, the id of each request, metrics, traces."""
