"""What people read, in their language: the source says it in English, a catalogue in every other."""
