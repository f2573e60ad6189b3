from django.dispatch import Signal

# Sent inside the transaction, with `send`: whatever decides who can take visits has changed.
# agent: the Agent as it is now; by: who did it.
agent_changed = Signal()
