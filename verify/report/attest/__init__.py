"""Attestations: what a report says, signed, so that others can tell who vouches for it.

Only `envelope` and `private_key` import cryptography; whoever imports them does so when it is needed.
"""
