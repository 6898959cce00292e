//! Tables of aligned columns.

use std::fmt::Write as _;

use crate::output::tame;

/// A table with a header; its columns are as wide as their widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(|&it| it.to_owned()).collect()] }
    }

    /// Adds a row of as many cells as the header has.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.rows[0].len(), "a cell for each column");
        self.rows.push(cells.iter().map(|cell| tame(cell)).collect());
    }

    /// The table as text, each line indented by `indent` spaces and none ending in one.
    pub(crate) fn render(&self, indent: usize) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (cell, &width) in row.iter().zip(&widths) {
                let shown = if cell.is_empty() { "-" } else { cell };
                write!(line, "{shown:width$}  ").expect("writing to a string does not fail");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_do_not_end_in_spaces() {
        let mut table = Table::new(&["NAME", "STATE", "DESCRIPTION"]);
        table.row(["a".into(), "success".into(), "Job succeeded.".into()]);
        table.row(["größe".into(), String::new(), "two\nlines \x1b[31mred".into()]);
        insta::assert_snapshot!(table.render(0), @r"
        NAME   STATE    DESCRIPTION
        a      success  Job succeeded.
        größe  -        two lines  [31mred
        ");
        assert!(table.render(2).lines().all(|line| line.starts_with("  ") && !line.ends_with(' ')));
    }
}
