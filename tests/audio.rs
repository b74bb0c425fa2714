//! Audio of all kinds, good and broken.

use std::f32::consts::TAU;
use std::path::Path;

use hailo_harness::whisper::audio::{Audio, AudioErrorKind as Kind};

/// A WAV file: coding 1 is integers, 3 floats.
fn wav(coding: u16, bits: u16, channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    for field in [coding, channels] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

fn wav16(samples: &[i16], channels: u16, rate: u32) -> Vec<u8> {
    wav(1, 16, channels, rate, &samples.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}

/// A second of a tone of 440 Hz.
fn tone(rate: u32) -> Vec<f32> {
    (0..rate).map(|i| 0.5 * (TAU * 440.0 * i as f32 / rate as f32).sin()).collect()
}

fn read(bytes: &[u8]) -> Audio {
    Audio::from_bytes("a.wav", bytes).unwrap()
}

#[track_caller]
fn refuses(bytes: &[u8], kind: Kind, why: &str) {
    let error = Audio::from_bytes("a.wav", bytes).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains("a.wav") && error.to_string().contains(why), "{error}");
}

#[test]
fn samples_of_every_width_come_out_the_same() {
    let steps: Vec<i32> = (-100..100).collect();
    let want: Vec<f32> = steps.iter().map(|x| *x as f32 / 128.0).collect();
    let of = |bits: u32, x: i32| (i64::from(x) << (bits - 8)) as i32;
    let integers =
        |bits: u32| steps.iter().flat_map(move |x| of(bits, *x).to_le_bytes()[..bits as usize / 8].to_vec());
    let unsigned: Vec<u8> = steps.iter().map(|x| (x + 128) as u8).collect();
    let floats: Vec<u8> = want.iter().flat_map(|x| x.to_le_bytes()).collect();
    for (name, file) in [
        ("8", wav(1, 8, 1, 16_000, &unsigned)),
        ("16", wav(1, 16, 1, 16_000, &integers(16).collect::<Vec<_>>())),
        ("24", wav(1, 24, 1, 16_000, &integers(24).collect::<Vec<_>>())),
        ("32", wav(1, 32, 1, 16_000, &integers(32).collect::<Vec<_>>())),
        ("float", wav(3, 32, 1, 16_000, &floats)),
    ] {
        let audio = read(&file);
        assert_eq!(audio.samples().len(), want.len(), "{name} bits");
        let error = audio.samples().iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error <= 1.0 / 32_768.0, "{name} bits: {error}");
    }
}

#[test]
fn memory_and_file_agree() {
    let samples: Vec<i16> = (0..1000).map(|i| (i * 31 - 15_000) as i16).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, wav16(&samples, 1, 16_000)).unwrap();
    let file = Audio::open(&path).unwrap();
    let memory = Audio::from_i16(&samples, 16_000, 1).unwrap();
    assert_eq!(file.samples(), memory.samples());
    let floats: Vec<f32> = samples.iter().map(|x| f32::from(*x) / 32_768.0).collect();
    assert_eq!(Audio::from_f32(&floats, 16_000, 1).unwrap().samples(), memory.samples());
    assert!((file.seconds() - 0.0625).abs() < 1e-9);
}

#[test]
fn channels_are_mixed_to_their_mean() {
    let audio = read(&wav16(&[16_384, 0, -8_192, 8_192, 3_000, 3_000], 2, 16_000));
    assert_eq!(audio.samples(), [0.25, 0.0, 3_000.0 / 32_768.0]);
    let six = Audio::from_f32(&[0.6, 0.0, 0.0, 0.0, 0.0, 0.0], 16_000, 6).unwrap();
    assert!((six.samples()[0] - 0.1).abs() < 1e-7);
}

#[test]
fn every_rate_keeps_pitch_length_and_level() {
    for rate in [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 12_345] {
        let audio = Audio::from_f32(&tone(rate), rate, 1).unwrap();
        let samples = audio.samples();
        assert!(samples.len().abs_diff(16_000) <= 2, "{rate}: {} samples", samples.len());
        // Away from the ends, where the filter has not enough to go by, over whole periods: the same tone, shifted by
        // less than a sample.
        let part = &samples[2_000..14_000];
        let angle = |i: usize| TAU * 440.0 * (i + 2_000) as f32 / 16_000.0;
        let correlate = |f: fn(f32) -> f32| {
            part.iter().enumerate().map(|(i, x)| f64::from(x * f(angle(i)))).sum::<f64>() as f32 * 2.0
                / 12_000.0
        };
        let (sine, cosine) = (correlate(f32::sin), correlate(f32::cos));
        assert!((sine.hypot(cosine) - 0.5).abs() < 3e-3, "{rate}: level {}", sine.hypot(cosine));
        let shift = cosine.atan2(sine) / TAU * 16_000.0 / 440.0;
        assert!(shift.abs() < 1.0, "{rate}: shifted by {shift} samples");
        let rest =
            part.iter().enumerate().map(|(i, x)| (x - sine * angle(i).sin() - cosine * angle(i).cos()).abs());
        let rest = rest.fold(0.0, f32::max);
        assert!(rest < 2e-3, "{rate}: {rest} besides the tone");
    }
}

#[test]
fn what_lies_above_half_the_rate_is_filtered_out() {
    let high: Vec<f32> = (0..48_000).map(|i| 0.5 * (TAU * 12_000.0 * i as f32 / 48_000.0).sin()).collect();
    let audio = Audio::from_f32(&high, 48_000, 1).unwrap();
    let loudest = audio.samples()[1000..15_000].iter().fold(0.0f32, |m, x| m.max(x.abs()));
    assert!(loudest < 1e-3, "12 kHz would come back as 4 kHz: {loudest}");
}

#[test]
fn no_samples_are_no_error() {
    for bytes in [wav16(&[], 1, 16_000), wav16(&[], 2, 44_100)] {
        assert!(read(&bytes).samples().is_empty());
    }
    assert!(Audio::from_f32(&[], 48_000, 2).unwrap().samples().is_empty());
}

#[test]
fn a_length_that_was_not_known_when_it_was_written_is_what_is_there() {
    for unknown in [0, u32::MAX] {
        let mut bytes = wav16(&[1, 2, 3], 1, 16_000);
        bytes[40..44].copy_from_slice(&u32::to_le_bytes(unknown));
        bytes[4..8].copy_from_slice(&u32::to_le_bytes(unknown));
        assert_eq!(read(&bytes).samples().len(), 3, "{unknown}");
    }
}

#[test]
fn what_is_no_audio_is_refused() {
    refuses(b"", Kind::Format, "it is empty");
    refuses(b"RIFF", Kind::Damaged, "");
    refuses(b"Joue la chanson.", Kind::Format, "WAV and FLAC are read");
    refuses(b"ID3\x04\x00\x00\x00\x00\x00\x00", Kind::Format, "WAV and FLAC are read");
    refuses(b"RIFF\x10\x00\x00\x00AVI LIST", Kind::Damaged, "no WAV");
    let mut strange = wav16(&[1, 2], 1, 16_000);
    strange[20] = 0x55;
    assert!(Audio::from_bytes("mp3 inside", strange).is_err());
}

#[test]
fn headers_that_lie_are_refused() {
    let good = wav16(&[1; 100], 1, 16_000);
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    refuses(&changed(22, &0u16.to_le_bytes()), Kind::Damaged, "0 channels");
    refuses(&changed(24, &0u32.to_le_bytes()), Kind::Damaged, "0 samples a second");
    refuses(&changed(24, &3u32.to_le_bytes()), Kind::Damaged, "3 samples a second");
    refuses(
        &changed(40, &5000u32.to_le_bytes()),
        Kind::Damaged,
        "announces 5000 bytes of sound, 200 are there",
    );
    let floats: Vec<u8> = [0.0f32, 0.1, f32::NAN].iter().flat_map(|x| x.to_le_bytes()).collect();
    refuses(&wav(3, 32, 1, 16_000, &floats), Kind::NotFinite, "NaN");
    for (rate, channels) in [(0, 1), (999, 1), (800_000, 1), (16_000, 0), (16_000, 300)] {
        assert_eq!(
            Audio::from_f32(&[0.0], rate, channels).unwrap_err().kind(),
            Kind::Format,
            "{rate} {channels}"
        );
    }
    assert_eq!(Audio::from_f32(&[f32::INFINITY], 16_000, 1).unwrap_err().kind(), Kind::NotFinite);
}

#[test]
fn what_cannot_be_read_is_named() {
    for path in ["/nonexistent/a.wav", "/", "/dev/zero", "/dev/null"] {
        let error = Audio::open(Path::new(path)).unwrap_err().to_string();
        assert!(error.contains(path), "{error}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let wav = wav16(&[1; 100], 1, 16_000);
    for length in 0..wav.len() {
        assert!(Audio::from_bytes("cut", &wav[..length]).is_err(), "{length} of {}", wav.len());
    }
    let flac = flac();
    for length in (0..flac.len()).step_by(flac.len() / 150) {
        assert!(Audio::from_bytes("cut", &flac[..length]).is_err(), "{length} of {}", flac.len());
    }
}

#[test]
fn damage_is_an_error_or_sound_never_a_crash() {
    let (flac, wav) = (flac(), wav16(&[1; 100], 1, 16_000));
    // A linear congruential generator (Knuth, MMIX): the same damage every time.
    let mut random = 1u64;
    let mut next = move |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    let mut noticed = 0;
    for _ in 0..200 {
        let mut bytes = flac.clone();
        // Behind the metadata, which is mostly padding.
        let at = 8_288 + next(bytes.len() - 8_288);
        bytes[at] ^= 1 << next(8);
        noticed += usize::from(Audio::from_bytes("damaged.flac", bytes).is_err());
        let mut bytes = wav.clone();
        let at = next(44);
        bytes[at] ^= 1 << next(8);
        let _ = Audio::from_bytes("damaged.wav", bytes);
    }
    assert_eq!(noticed, 200, "FLAC's checksums notice every changed bit of the sound");
}

fn flac() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("audio-corpus/stop.flac")).unwrap()
}
