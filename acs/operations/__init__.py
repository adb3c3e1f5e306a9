"""What an operator can do, with its checks and its record: one function each, shared by every way in.

An operation takes narrow arguments (who runs the store's calls, the time, who asks) and raises an
`acs.operations.errors.OperationError` whose message an operator understands.
"""
