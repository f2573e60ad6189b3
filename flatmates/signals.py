from django.dispatch import Signal

# Sent with `pair` (two ids) and `by` inside the transaction: a receiver's error undoes the parting.
match_ended = Signal()
