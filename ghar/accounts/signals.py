from django.dispatch import Signal

# Sent with `user` and `by` inside the transaction: a receiver's error undoes the deactivation.
user_deactivated = Signal()
