"""Alerts, incidents, the board and what is concluded on it. Knows nobody above."""
