//! Names that are close to a mistyped one.

/// Most names that are suggested.
const MOST: usize = 3;
/// Longest text that is compared: what is longer is no mistyped name.
const LONGEST: usize = 80;

/// The names that are closest to `text`, the closest first; none where none is close.
pub fn close_to(text: &str, names: impl IntoIterator<Item = &'static str>) -> Vec<&'static str> {
    if text.is_empty() || text.chars().count() > LONGEST {
        return Vec::new();
    }
    let text = text.to_ascii_lowercase();
    let mut close: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_ascii_lowercase();
            let distance = distance(&text, &lower);
            // A part of a name is close as well: nobody mistypes that much, but many abbreviate.
            let is_part = text.len() >= 4 && lower.contains(&text);
            (is_part || distance <= 1 + text.len() / 6).then_some((distance, name))
        })
        .collect();
    close.sort_by_key(|(distance, _)| *distance);
    if close.first().is_some_and(|(distance, _)| *distance == 0) {
        // It is that name, in other letters or in the wrong place: what merely holds it is not meant.
        close.truncate(1);
    }
    close.into_iter().map(|(_, name)| name).take(MOST).collect()
}

/// Levenshtein's distance: how many characters are to be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_changes() {
        for (a, b, wanted) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("abc", "abc", 0)] {
            assert_eq!((distance(a, b), distance(b, a)), (wanted, wanted), "{a} {b}");
        }
    }

    #[test]
    fn mistyped_and_abbreviated_names_are_found() {
        let names = || hailort_sys::Api::SYMBOLS.iter().copied();
        assert_eq!(close_to("hailo_create_vdevise", names())[0], "hailo_create_vdevice");
        assert_eq!(close_to("HAILO_IDENTIFY", names()), ["hailo_identify"]);
        assert_eq!(close_to("read_raw", names()), ["hailo_vstream_read_raw_buffer"]);
        assert_eq!(close_to("hailo", names()).len(), MOST);
        for none in ["", "xyzzy", &"hailo_identify".repeat(1000)] {
            assert!(close_to(none, names()).is_empty(), "{none}");
        }
    }
}
