"""What a text says, as typed claims with their lines: hand-written reports and our own, before any rule judges them."""
