//! A dictionary of one's own, and every way in which it can be wrong.

use std::fs;

use hailo_harness::intent::{IntentEngine, IntentError, IntentErrorKind as Kind, SlotValue};

const HEAD: &str =
    "language = \"fr\"\n[slots.query]\ntype = \"query\"\n[slots.minutes]\ntype = \"minutes\"\n";
const LISTS: &str = "[lists]\nplay = [\"joue\", \"mets\"]\n";

fn load(text: &str) -> Result<IntentEngine, IntentError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.toml");
    fs::write(&path, text).unwrap();
    IntentEngine::from_path(path)
}

fn with_trigger(trigger: &str) -> String {
    format!(
        "{HEAD}{LISTS}[[intent]]\nname = \"a\"\ndescription = \"\"\ntriggers = [\n  \"stop\",\n  \"{trigger}\",\n]\n"
    )
}

/// The line of the second trigger in [`with_trigger`].
const TRIGGER_LINE: usize = 13;

/// The dictionary must fail like this, at this line, with this in its message.
#[track_caller]
fn refuses(text: &str, kind: Kind, line: usize, cause: &str) {
    let error = load(text).unwrap_err();
    let shown = error.to_string();
    assert_eq!((error.kind(), error.line()), (kind, Some(line)), "{shown}");
    assert!(shown.contains(&format!("mine.toml:{line}: ")) && shown.contains(cause), "{shown}");
}

#[test]
fn a_dictionary_of_ones_own_is_used() {
    let engine = load(&with_trigger("<play> [moi|nous] {query} pendant {minutes}")).unwrap();
    assert_eq!(engine.intents().collect::<Vec<_>>(), ["a"]);
    assert_eq!(engine.description("a"), Some(""));
    assert_eq!(engine.description("b"), None);
    let intent = engine.classify("Joue-moi Santé pendant dix minutes !").unwrap();
    assert_eq!(intent.slots["query"], SlotValue::from("santé"));
    assert_eq!(intent.slots["minutes"], SlotValue::from(10));
    assert_eq!(engine.classify("Joue pendant dix minutes"), None);
}

#[test]
fn a_slot_may_be_said_and_not_kept() {
    let engine = load(&with_trigger("annule les {_minutes}")).unwrap();
    assert!(engine.classify("Annule les dix minutes.").unwrap().slots.is_empty());
}

#[test]
fn the_dictionary_that_is_built_in_is_one_of_its_kind() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/intents/fr.toml");
    let (own, built_in) = (IntentEngine::from_path(path).unwrap(), IntentEngine::new("fr").unwrap());
    assert_eq!(own.intents().collect::<Vec<_>>(), built_in.intents().collect::<Vec<_>>());
    assert_eq!(built_in.intents().count(), 23);
    assert!(
        built_in.intents().all(|name| built_in.description(name).is_some_and(|text| text.ends_with('.')))
    );
}

#[test]
fn a_bad_trigger_is_named_with_its_line() {
    for (trigger, cause) in [
        ("<paly> {query}", "unknown list <paly>: [lists] has play"),
        ("<play> {title}", "unknown slot {title}: [slots] has minutes, query"),
        ("(joue|mets", ") is missing"),
        ("joue|mets", "| outside"),
        ("[joue] [mets]", "optional"),
        ("", "empty trigger"),
        ("{}", "is no name"),
    ] {
        refuses(&with_trigger(trigger), Kind::BadTrigger, TRIGGER_LINE, cause);
    }
}

#[test]
fn bad_lists_and_phrases_are_named_with_their_line() {
    let lists = |text: &str| format!("{HEAD}[lists]\n{text}\n");
    refuses(&lists("a = [\"x\",\n \"<b>\"]\nb = [\"<a>\"]"), Kind::BadTrigger, 8, "names itself");
    refuses(&lists("a = [\"(\"]"), Kind::BadTrigger, 7, ") is missing");
    refuses(&lists("a = [\"joue {query}\"]"), Kind::BadTrigger, 7, "there are no slots here");
    let before = "language = \"fr\"\nbefore = [\"ok\",\n\"<polite>\"]\n";
    refuses(before, Kind::BadTrigger, 3, "unknown list <polite>");
}

#[test]
fn a_dictionary_that_would_grow_without_end_is_refused() {
    let mut text = format!("{HEAD}[lists]\nl0 = [\"a b\", \"c d\"]\n");
    for list in 1..16 {
        text += &format!("l{list} = [\"<l{0}> <l{0}>\", \"<l{0}>\"]\n", list - 1);
    }
    let error = load(&text).unwrap_err();
    assert_eq!(error.kind(), Kind::BadTrigger);
    assert!(error.to_string().contains("too large"), "{error}");
}

#[test]
fn fields_are_checked() {
    refuses("language = \"fr\"\ncolour = 1\n", Kind::BadToml, 2, "unknown field `colour`");
    refuses("language = \"fr\"\n[[intent]]\nnam = \"a\"\n", Kind::BadToml, 3, "unknown field `nam`");
    refuses("language = \"fr\"\n[[intent]]\nname = \"a\"\n", Kind::BadToml, 2, "missing field");
    refuses("language = \"fr\"\n[slots.a]\ntype = \"colour\"\n", Kind::BadToml, 3, "unknown variant");
    refuses(
        "language = \"fr\"\n[slots.a]\ntype = \"time\"\nnever = [\"a\"]\n",
        Kind::BadToml,
        3,
        "only a query",
    );
    refuses("language = \"fr\"\nbefore = 3\n", Kind::BadToml, 2, "invalid type");
    refuses("language = \n", Kind::BadToml, 1, "");
    refuses("\nlanguage = \"tlh\"\n", Kind::UnknownLanguage, 2, "tlh");
}

#[test]
fn an_intent_has_one_definition_and_some_trigger() {
    let one = "[[intent]]\nname = \"a\"\ndescription = \"\"\ntriggers = [\"stop\"]\n";
    refuses(&format!("{HEAD}{one}{one}"), Kind::Duplicate, 11, "defined at line 7");
    let none = "[[intent]]\nname = \"a\"\ndescription = \"\"\ntriggers = []\n";
    refuses(&format!("{HEAD}{none}"), Kind::BadTrigger, 9, "no triggers");
}

#[test]
fn what_is_not_there_is_said() {
    let error = IntentEngine::from_path("/nowhere/mine.toml").unwrap_err();
    assert_eq!((error.kind(), error.line()), (Kind::Unreadable, None));
    assert_eq!(error.dictionary(), "/nowhere/mine.toml");
    assert_eq!(IntentEngine::new("tlh").unwrap_err().kind(), Kind::UnknownLanguage);
}
