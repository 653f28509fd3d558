"""The core: order, feeds, resume. Pure: no socket, no clock, no driver, no thread of its own; all of it runs in a test, step by step."""
