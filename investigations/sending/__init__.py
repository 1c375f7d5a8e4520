"""Sending messages out: mail, webhooks, browsers. Plain: knows no models."""
