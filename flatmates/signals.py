from django.dispatch import Signal

# Sent with `pair` (the ids of the two, smaller first) and `by` (the user who ended the match) when a match
# ends or a person is blocked. It is sent inside the transaction: a receiver's error undoes the change.
match_ended = Signal()
