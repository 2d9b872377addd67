"""Music: chorales and MIDI files on a grid."""
