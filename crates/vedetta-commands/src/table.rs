//! Answers in lines.

use serde_json::Value;

/// Rows whose columns are each as wide as the widest in it, a line each.
#[must_use]
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0; columns];
    for row in rows {
        let wide = row.iter().map(|cell| cell.chars().count());
        widths.iter_mut().zip(wide).for_each(|(width, wide)| *width = wide.max(*width));
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A list in lines, which says so when nothing is on it.
#[must_use]
pub fn listed(lines: String) -> String {
    if lines.is_empty() { "none\n".to_owned() } else { lines }
}

/// A member that is text; nothing for any other.
#[must_use]
pub fn word(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

/// A member that is a list.
pub fn each<'v>(of: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    of[name].as_array().into_iter().flatten()
}

/// A member that is a list of texts, with commas.
#[must_use]
pub fn words(of: &Value, name: &str) -> String {
    each(of, name).filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A count and its noun.
#[must_use]
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_and_lines_end_where_they_end() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let told = aligned(&[row(["a", "è più", "x"]), row(["long", "b", ""])]);
        assert_eq!(told, "a     è più  x\nlong  b\n");
    }
}
