//! How long each phase may take.

use std::str::FromStr;
use std::time::Duration;

use super::phase::Phase;

/// The variable that sets deadlines where the code does not.
pub const VARIABLE: &str = "HAILO_DEADLINES";

/// How long each phase may take. What takes longer hangs: the worker is ended, and the error says in which phase.
///
/// ```
/// use std::time::Duration;
/// use hailo_harness::watchdog::Deadlines;
///
/// let deadlines: Deadlines = "infer=2.5, open=500ms".parse()?;
/// assert_eq!(deadlines.infer, Duration::from_millis(2500));
/// assert_eq!(deadlines.release, Deadlines::default().release);
/// # Ok::<(), hailo_harness::watchdog::DeadlinesError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Loading the library and listing the devices, and after that opening one; 60 s each.
    pub open: Duration,
    /// Loading the model; 60 s.
    pub configure: Duration,
    /// Each window of audio; 30 s.
    pub infer: Duration,
    /// Letting go of the device; 5 s.
    pub release: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            open: Duration::from_secs(60),
            configure: Duration::from_secs(60),
            infer: Duration::from_secs(30),
            release: Duration::from_secs(5),
        }
    }
}

/// The same for all phases.
impl From<Duration> for Deadlines {
    fn from(all: Duration) -> Self {
        Self { open: all, configure: all, infer: all, release: all }
    }
}

/// Text that says no deadlines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "deadlines (are they in {VARIABLE}?): {part:?}: {why}; give phases and times, such as \
     open=60,configure=60,infer=2.5,release=500ms (seconds unless ms is said), or one time for all"
)]
pub struct DeadlinesError {
    /// The part that is wrong.
    pub part: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Deadlines {
    /// How long this phase may take. Functions and programs of the user's own have deadlines of their own, and here
    /// that of [`Phase::Infer`].
    pub fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::List | Phase::Open => self.open,
            Phase::Configure => self.configure,
            Phase::Infer | Phase::Call | Phase::Program => self.infer,
            Phase::Release => self.release,
        }
    }

    /// What `HAILO_DEADLINES` says; the usual ones for all phases of which it says nothing.
    ///
    /// # Errors
    /// When it says something that is no deadline.
    pub fn from_environment() -> Result<Self, DeadlinesError> {
        match std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
            None => Ok(Self::default()),
            Some(value) => value.to_string_lossy().parse(),
        }
    }
}

impl FromStr for Deadlines {
    type Err = DeadlinesError;

    fn from_str(text: &str) -> Result<Self, DeadlinesError> {
        let mut deadlines = Self::default();
        for part in text.split([',', ';']).map(str::trim).filter(|p| !p.is_empty()) {
            let wrong = |why| DeadlinesError { part: part.chars().take(100).collect(), why };
            let Some((phase, time)) = part.split_once('=') else {
                deadlines = time(part).map_err(wrong)?.into();
                continue;
            };
            let time = self::time(time.trim()).map_err(wrong)?;
            match phase.trim() {
                "open" => deadlines.open = time,
                "configure" => deadlines.configure = time,
                "infer" => deadlines.infer = time,
                "release" => deadlines.release = time,
                _ => {
                    return Err(wrong(
                        "there is no such phase: it is one of open, configure, infer and release",
                    ));
                }
            }
        }
        Ok(deadlines)
    }
}

/// `2.5`, `2.5s` or `500ms`; nothing hangs in no time at all.
fn time(text: &str) -> Result<Duration, &'static str> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds: f64 = number.trim().parse().map_err(|_| "that is no time")?;
    match Duration::try_from_secs_f64(seconds * unit) {
        Ok(time) if time.is_zero() => Err("nothing can be done in no time"),
        time => time.map_err(|_| "that is no time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_set_one_by_one_or_all_at_once() {
        let usual = Deadlines::default();
        let text: Deadlines = " infer = 2.5s; release=250ms,, ".parse().unwrap();
        let (infer, release) = (Duration::from_millis(2500), Duration::from_millis(250));
        assert_eq!(text, Deadlines { infer, release, ..usual });
        assert_eq!("".parse(), Ok(usual));
        assert_eq!("3".parse(), Ok(Deadlines::from(Duration::from_secs(3))));
        let all: Deadlines = "3, open=9".parse().unwrap();
        assert_eq!((all.of(Phase::Open).as_secs(), all.of(Phase::Configure).as_secs()), (9, 3));
    }

    #[test]
    fn garbage_is_refused_by_name() {
        for value in
            ["infer", "infer=", "infer=0", "infer=-1", "list=3", "infer=NaN", "infer=1e300", "1m", "é=ms"]
        {
            let error = value.parse::<Deadlines>().unwrap_err();
            assert_eq!(error.why.contains("no such phase"), value.starts_with("list"), "{error}");
            assert!(error.to_string().contains(VARIABLE) && error.part == value, "{error}");
        }
    }
}
