"""One file per fault class. A file added here is found by itself."""
