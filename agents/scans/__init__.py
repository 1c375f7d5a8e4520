"""Background scans: pure judgements on what was read. They change nothing and call nobody."""
