from django.dispatch import Signal

# Sent with `user` and `by` inside the transaction of the deactivation: an error in a receiver undoes it.
user_deactivated = Signal()
