-- The component that a task was dispatched with; none: it begins with what is in force when it runs.
ALTER TABLE tasks ADD COLUMN dispatched_digest TEXT;
