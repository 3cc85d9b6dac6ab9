"""`python -m bot` is the same as `khuyenhoc`."""

from bot.cli import main

main()
