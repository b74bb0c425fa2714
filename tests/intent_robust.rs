//! Whatever is heard, the engine answers, and misheard commands are still commands.

use hailo_harness::intent::{IntentEngine, SlotValue};

fn engine() -> IntentEngine {
    IntentEngine::new("fr").unwrap()
}

/// Numbers that look random, the same ones every time (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn nothing_is_no_command() {
    for text in [
        "", " ", "…", "\0", "🎵🎵", "♪", "'", "l'", "l' l' l'", "%", "%%%", "&", "-", "1", "h", ":",
        "\u{301}",
    ] {
        assert_eq!(engine().classify(text), None, "{text:?}");
    }
}

#[test]
fn any_heap_of_words_is_answered() {
    const PIECES: [&str; 36] = [
        "joue",
        "Mets",
        "la",
        "l'",
        "chanson",
        "à",
        "7h",
        "21:30",
        "99h99",
        "minutes",
        "vingt",
        "et",
        "quart",
        "moins",
        "cent",
        "%",
        "un",
        "dans",
        "demi",
        "heure",
        "d'",
        "🎵",
        "é\u{301}\u{301}",
        "\u{200d}",
        "œ",
        "'",
        "-",
        "|",
        "<play>",
        "{query}",
        "999999999",
        "0",
        "s'il te plaît",
        "euh",
        "stop",
        "\u{10ffff}",
    ];
    let engine = engine();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..dice.below(14) {
            text += PIECES[dice.below(PIECES.len())];
            text += [" ", "", "-", ", "][dice.below(4)];
        }
        if let Some(intent) = engine.classify(&text) {
            assert!(engine.intents().any(|name| name == intent.name), "{text:?}");
            assert!((0.35..=1.0).contains(&intent.confidence), "{text:?}: {intent:?}");
            let query = intent.slots.get("query").and_then(SlotValue::as_str);
            assert!(query.is_none_or(|query| !query.is_empty()), "{text:?}: {intent:?}");
            assert_eq!(engine.classify(&text), Some(intent), "{text:?} is answered alike each time");
        }
    }
}

#[test]
fn texts_too_long_for_a_command_are_none() {
    let engine = engine();
    for piece in ["joue ", "a", "l'", "euh ", "s'il te plaît ", "vingt et un ", "🎵", "e\u{301}", "a'"] {
        assert_eq!(engine.classify(&piece.repeat(10_000)), None, "{piece:?}");
    }
    assert!(engine.classify(&format!("{}stop", "s'il te plaît ".repeat(12))).is_some());
    assert_eq!(engine.classify(&format!("{}stop", "s'il te plaît ".repeat(70))), None);
}

#[test]
fn case_accents_and_punctuation_do_not_count() {
    let engine = engine();
    for text in
        ["ARRÊTE LA MUSIQUE", "arrete la musique", "  Arrête… la musique !!", "arre\u{302}te la musique"]
    {
        assert_eq!(engine.classify(text).unwrap().name, "stop", "{text}");
    }
}

#[test]
fn misheard_words_are_taken_for_those_of_a_command() {
    let engine = engine();
    for (text, name, slot) in [
        ("Baisse le sang.", "volume_down", None),
        ("Arrêtez dans 30 minutes.", "sleep_timer", Some(("minutes", SlotValue::from(30)))),
        ("Mais en minuteur de 15 minutes.", "sleep_timer", Some(("minutes", SlotValue::from(15)))),
        ("Monte le volumes", "volume_up", None),
        ("Augmante le son", "volume_up", None),
        ("Chanson suivente.", "next", None),
        ("Repète cette chanssons.", "repeat_song", None),
        ("Mets l'alarme a 7 heure", "set_alarm", Some(("time", SlotValue::from("07:00")))),
        ("Ajoute Santé à la file d'attante.", "add_to_queue", Some(("query", SlotValue::from("santé")))),
    ] {
        let intent = engine.classify(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(intent.name, name, "{text}");
        if let Some((slot, value)) = slot {
            assert_eq!(intent.slots.get(slot), Some(&value), "{text}");
        }
    }
}

#[test]
fn a_capital_tells_a_title() {
    let engine = engine();
    let query = |text: &str| engine.classify(text)?.slots.remove("query");
    assert_eq!(query("Mets Une souris verte."), Some("une souris verte".into()));
    assert_eq!(query("Mets une souris verte."), Some("souris verte".into()));
    assert_eq!(query("METS UNE SOURIS VERTE"), Some("souris verte".into()));
    assert_eq!(query("Joue L'eau vive."), Some("l'eau vive".into()));
    assert_eq!(query("Joue Avec."), Some("avec".into()));
    assert_eq!(query("Joue avec."), None);
}

#[test]
fn a_higher_threshold_wants_a_better_fit() {
    let misheard = "Baisse le sang.";
    let score = engine().classify(misheard).unwrap().confidence;
    assert!((0.7..1.0).contains(&score), "{score}");
    assert_eq!(engine().with_threshold(100).classify(misheard), None);
    assert!(engine().with_threshold(255).classify("Baisse le son.").is_some());
}

#[test]
fn half_of_a_command_is_none() {
    let engine = engine();
    for text in [
        "Mets le volume à.",
        "Joue la chanson.",
        "Réveille-moi à.",
        "Arrête dans.",
        "Mets le volume à 300 %.",
    ] {
        let name = engine.classify(text).map(|intent| intent.name);
        assert!(
            !matches!(name.as_deref(), Some("set_volume" | "set_alarm" | "sleep_timer")),
            "{text}: {name:?}"
        );
    }
    assert_eq!(engine.classify("Mets le volume à 300 %."), None);
    assert_eq!(engine.classify("Réveille-moi à vingt-cinq heures."), None);
}
