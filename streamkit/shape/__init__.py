"""What a body looks like whatever it says: its framing, its events, their fields and types, and their order.

    old, new = shape_of(yesterday), shape_of(today)
    for change in changes(old, new):
        print(change.change, change.where, change.old, change.new)

Made to be run every night against a server that somebody else updates: values, ids, times, the number of tokens and
rounds, and how parallel branches interleave are no shape. `order` says which order is one.
"""

from streamkit.shape.body import Shape, shape_of
from streamkit.shape.changes import Change, changes
from streamkit.shape.fields import Field
from streamkit.shape.framing import Framing

__all__ = ["Change", "Field", "Framing", "Shape", "changes", "shape_of"]
