"""Configuration as code: what an administrator lays down as one TOML document, compared and applied."""
