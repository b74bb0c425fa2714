//! Which line of a text a byte is on.

/// Where the lines of a text begin: made once, asked often.
#[derive(Clone, Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// The lines of this text.
    pub fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at).collect())
    }

    /// The line, from 1, of a byte.
    ///
    /// ```
    /// let lines = hailo_harness::text::lines::Lines::new("a\nb\n");
    /// assert_eq!([lines.of(0), lines.of(1), lines.of(2), lines.of(99)], [1, 1, 2, 3]);
    /// ```
    pub fn of(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}
