"""What two sets of packages are timed at, in turns: a process serves blocks of work to a referee."""
