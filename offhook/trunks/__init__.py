"""Calls from and to the outside: providers, other telephone systems, gateways."""
