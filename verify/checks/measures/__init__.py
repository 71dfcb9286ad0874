"""What checks measure with: number formats, memory, times, files, joules."""
