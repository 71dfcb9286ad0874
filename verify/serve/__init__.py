"""The history and its reports in a browser, and jobs that are started there and watched."""
