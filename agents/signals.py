from django.dispatch import Signal

# Sent with `agent` (the Agent as saved) and `by` (the user who made the change), when a change can decide
# whether the agent takes a visit. It is sent inside the transaction: a receiver's error undoes the change.
agent_changed = Signal()
