//! What is done about leaks.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::leak::{Kind, Leak};
use super::pattern;

/// The variable that adds rules.
pub const VARIABLE: &str = "HAILO_LEAKS";

/// What is done about a leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The test fails.
    Fail,
    /// It is told.
    Warn,
    /// Nothing, for this reason.
    Ignore(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    kind: Option<Kind>,
    pattern: String,
    verdict: Verdict,
}

/// What is done about leaks: the first rule that matches, and else the default, which is to fail.
///
/// As text, rules stand behind one another: `warn` or `fail` alone is the default; `warn:KIND:NAME` and
/// `fail:KIND:NAME` are for leaks of this kind and name; `ignore:KIND:NAME=REASON` needs a reason. `*` is any kind, and
/// in a name any characters; `?` is one.
///
/// ```
/// use hailo_harness::leaks::{Kind, Policy};
///
/// let policy: Policy = "ignore:thread:hailort-log*=the library's logger lives until exit; warn:fd:*".parse()?;
/// let built = Policy::fail().ignore(Kind::Thread, "hailort-log*", "the library's logger lives until exit")?;
/// assert_eq!(built.warn(Kind::Fd, "*"), policy);
/// assert!("ignore:thread:*".parse::<Policy>().unwrap_err().to_string().contains("reason"));
/// # Ok::<(), hailo_harness::leaks::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    default: Verdict,
    rules: Vec<Rule>,
}

/// Leaks, by what is done about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// These fail the test.
    pub failing: Vec<Leak>,
    /// These are told.
    pub warned: Vec<Leak>,
    /// These are ignored, with the reason.
    pub ignored: Vec<(Leak, String)>,
}

/// Text that is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "leak policy (is it in HAILO_LEAKS?): {part:?}: {why}; write fail, warn, fail:KIND:NAME, warn:KIND:NAME or ignore:KIND:NAME=REASON, \
     with ; between them, where KIND is * or one of {}",
    kinds()
)]
pub struct PolicyError {
    /// The part that is wrong.
    pub part: String,
    /// What is wrong with it.
    pub why: &'static str,
}

fn kinds() -> String {
    Kind::ALL.map(Kind::name).join(", ")
}

impl Default for Policy {
    fn default() -> Self {
        Self::fail()
    }
}

impl Policy {
    /// Every leak fails its test.
    pub fn fail() -> Self {
        Self { default: Verdict::Fail, rules: Vec::new() }
    }

    /// Leaks are told, and fail nothing.
    pub fn warn_only() -> Self {
        Self { default: Verdict::Warn, rules: Vec::new() }
    }

    /// What `HAILO_LEAKS` says; where it is not set, every leak fails its test.
    ///
    /// # Errors
    /// When it is no policy.
    pub fn from_environment() -> Result<Self, PolicyError> {
        Self::from_environment_or(Self::fail())
    }

    /// What `HAILO_LEAKS` says; for what it does not say, what this one does.
    ///
    /// # Errors
    /// When it is no policy.
    pub fn from_environment_or(default: Self) -> Result<Self, PolicyError> {
        let value = std::env::var_os(VARIABLE).unwrap_or_default();
        default.and(&value.to_string_lossy())
    }

    /// These rules, and behind them those of a text, whose default counts where it has one.
    fn and(mut self, text: &str) -> Result<Self, PolicyError> {
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            self = self.and_part(part)?;
        }
        Ok(self)
    }

    fn and_part(mut self, part: &str) -> Result<Self, PolicyError> {
        let wrong = |why| PolicyError { part: shown(part), why };
        let Some((verdict, rest)) = part.split_once(':') else {
            self.default = match part {
                "fail" => Verdict::Fail,
                "warn" => Verdict::Warn,
                "ignore" => return Err(wrong("what is ignored needs a kind, a name and a reason")),
                _ => return Err(wrong("that is no policy")),
            };
            return Ok(self);
        };
        let (kind, name) = rest.split_once(':').ok_or_else(|| wrong("a kind and a name are wanted"))?;
        let kind = match kind.trim() {
            "*" => None,
            name => match Kind::ALL.into_iter().find(|k| k.name() == name) {
                Some(kind) => Some(kind),
                None => return Err(wrong("there is no such kind")),
            },
        };
        match verdict.trim() {
            "fail" => Ok(self.with(kind, name.trim(), Verdict::Fail)),
            "warn" => Ok(self.with(kind, name.trim(), Verdict::Warn)),
            "ignore" => {
                let (name, reason) = name.split_once('=').unwrap_or((name, ""));
                self.ignore(kind, name.trim(), reason).map_err(|e| PolicyError { part: shown(part), ..e })
            }
            _ => Err(wrong("that is no verdict")),
        }
    }

    /// Ignores leaks of this kind whose name matches, for this reason.
    ///
    /// # Errors
    /// When there is no reason.
    pub fn ignore(
        self,
        kind: impl Into<Option<Kind>>,
        name: &str,
        reason: &str,
    ) -> Result<Self, PolicyError> {
        if reason.trim().is_empty() {
            let part = format!("ignore:{name}");
            return Err(PolicyError { part, why: "a leak that is ignored needs a reason" });
        }
        Ok(self.with(kind.into(), name, Verdict::Ignore(reason.trim().into())))
    }

    /// Tells leaks of this kind whose name matches, and fails nothing.
    #[must_use]
    pub fn warn(self, kind: impl Into<Option<Kind>>, name: &str) -> Self {
        self.with(kind.into(), name, Verdict::Warn)
    }

    fn with(mut self, kind: Option<Kind>, name: &str, verdict: Verdict) -> Self {
        self.rules.push(Rule { kind, pattern: name.into(), verdict });
        self
    }

    /// What is done about each.
    pub fn judge(&self, leaks: Vec<Leak>) -> Judged {
        let mut judged = Judged::default();
        for leak in leaks {
            let rule = self
                .rules
                .iter()
                .find(|r| r.kind.is_none_or(|k| k == leak.kind) && pattern::matches(&r.pattern, &leak.what));
            match rule.map_or(&self.default, |r| &r.verdict) {
                Verdict::Fail => judged.failing.push(leak),
                Verdict::Warn => judged.warned.push(leak),
                Verdict::Ignore(reason) => judged.ignored.push((leak, reason.clone())),
            }
        }
        judged
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::fail().and(text)
    }
}

/// As much of a part as an error shows.
fn shown(part: &str) -> String {
    match part.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &part[..end]),
        None => part.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leak(kind: Kind, what: &str) -> Leak {
        Leak::new(kind, what, String::new())
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let policy: Policy =
            "warn; fail:fd:/dev/*; ignore:fd:*=known; ignore:*:log=it lives until exit".parse().unwrap();
        let judged = policy.judge(vec![
            leak(Kind::Fd, "/dev/hailo0"),
            leak(Kind::Fd, "socket"),
            leak(Kind::Thread, "log"),
            leak(Kind::Child, "sleep"),
        ]);
        assert_eq!(judged.failing, [leak(Kind::Fd, "/dev/hailo0")]);
        assert_eq!(judged.warned, [leak(Kind::Child, "sleep")]);
        let reasons: Vec<&str> = judged.ignored.iter().map(|(_, r)| r.as_str()).collect();
        assert_eq!(reasons, ["known", "it lives until exit"]);
        assert_eq!(Policy::default().judge(vec![leak(Kind::Map, "x")]).failing.len(), 1);
    }

    #[test]
    fn what_is_no_policy_is_refused_with_the_valid_choices() {
        for text in [
            "nothing",
            "ignore",
            "ignore:thread:x",
            "ignore:thread:x= ",
            "ignore:threads:x=y",
            "warn:x",
            "x:fd:y",
        ] {
            let error = text.parse::<Policy>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}").trim_end_matches(" \"").to_owned()[..4]), "{error}");
            assert!(error.contains("ignore:KIND:NAME=REASON") && error.contains("environment"), "{error}");
        }
    }
}
