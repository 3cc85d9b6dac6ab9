"""The whole program as a process, with the platform stand-ins around it: what a citizen would meet."""
