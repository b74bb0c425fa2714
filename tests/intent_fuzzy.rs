//! The fuzzy scores are those that RapidFuzz 3.14 gave for 300 pairs of texts.

use hailo_harness::intent::fuzzy;

type Score = fn(&str, &str) -> f64;

#[test]
fn scores_are_those_of_rapidfuzz() {
    let functions: [(&str, Score); 5] = [
        ("ratio", fuzzy::ratio),
        ("partial_ratio", fuzzy::partial_ratio),
        ("token_sort_ratio", fuzzy::token_sort_ratio),
        ("token_set_ratio", fuzzy::token_set_ratio),
        ("WRatio", fuzzy::weighted_ratio),
    ];
    let mut lines = include_str!("data/rapidfuzz-3.14.tsv").lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    assert_eq!(header[2..], functions.map(|(name, _)| name));

    let mut wrong = Vec::new();
    let mut pairs = 0;
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let (a, b) = (fields[0], fields[1]);
        for ((name, function), expected) in functions.iter().zip(&fields[2..]) {
            let (expected, got): (f64, f64) = (expected.parse().unwrap(), function(a, b));
            if (expected - got).abs() > 1e-6 {
                wrong.push(format!("{name}({a:?}, {b:?}) is {got}, not {expected}"));
            }
        }
        pairs += 1;
    }
    assert_eq!(pairs, 300);
    assert!(wrong.is_empty(), "{} of {} scores differ:\n{}", wrong.len(), 5 * pairs, wrong.join("\n"));
}
