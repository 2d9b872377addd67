"""Tasks, one folder each: what goes in, what comes out, what it learns from and how it is judged."""

from zoo.core.recipe import Recipe, adjusted
from zoo.core.task import Published, Task, find, names, split_of

__all__ = ["Published", "Recipe", "Task", "adjusted", "find", "names", "split_of"]
