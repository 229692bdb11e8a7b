//! One suite for every engine behind `Log`.
