"""The counter: command line, service, use cases, messages in Chinese and English."""
