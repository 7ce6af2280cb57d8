//! Tensor programs, schedules, loop nests and recipes.
