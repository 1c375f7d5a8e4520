"""Providers by their own SDKs. Nothing outside this folder imports one."""
