//! Broken HEFs: every truncation and changed byte gives a status, never a crash; generated ones read back identical.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use hailort_sim::canned::Canned;
use hailort_sim::hef::{Hef, generate, header, whisper};
use hailort_sys::status::*;
use hailort_sys::types::*;

fn create(bytes: &[u8]) -> (hailo_status, hailo_hef) {
    let mut hef = null_mut();
    // SAFETY: a place for the handle and a buffer of the size that is said.
    let status = unsafe {
        (hailort_sim::api().hailo_create_hef_buffer)(&raw mut hef, bytes.as_ptr().cast(), bytes.len())
    };
    (status, hef)
}

fn release(hef: hailo_hef) {
    // SAFETY: a handle in use, which is not used any more.
    assert_eq!(unsafe { (hailort_sim::api().hailo_release_hef)(hef) }, HAILO_SUCCESS);
}

/// Offset of the protobuf in a generated file: the header of version 2.
const PROTO: usize = 44;

#[test]
fn generated_whisper_hefs_have_header_version_2_and_read_back_identical() {
    for bytes in [
        whisper::encoder(&whisper::BASE, &"a1".repeat(32)),
        whisper::decoder(&whisper::BASE, &"b2".repeat(32)),
    ] {
        assert_eq!(bytes[..8], [1, b'H', b'E', b'F', 0, 0, 0, 2]);
        let read = Hef::from_bytes(&bytes).unwrap();
        assert_eq!(read.header_version, 2);
        assert!(generate::write(&read) == bytes, "{}", read.network_groups[0].name);
    }
}

#[test]
fn every_header_version_and_architecture_reads_back_as_it_was_written() {
    let mut hef = Hef::from_bytes(&whisper::decoder(&whisper::BASE, &"c3".repeat(32))).unwrap();
    for version in 0..=3 {
        for arch in [0, 1, 2, 3, 4, 103] {
            (hef.header_version, hef.arch) = (version, arch);
            assert_eq!(Hef::from_bytes(&generate::write(&hef)).unwrap(), hef);
        }
    }
}

#[test]
fn a_base_hef_has_the_shapes_of_hailos() {
    let shapes = |bytes: &[u8]| {
        let hef = Hef::from_bytes(bytes).unwrap();
        let group = &hef.network_groups[0];
        let shape = |s: &hailort_sim::hef::StreamInfo| [s.height, s.width, s.features];
        let inputs: Vec<_> = group.inputs.iter().map(shape).collect();
        let outputs: Vec<_> = group.outputs.iter().map(shape).collect();
        (inputs, outputs)
    };
    let encoder = shapes(&whisper::encoder(&whisper::BASE, ""));
    assert_eq!(encoder, (vec![[1, 500, 80]], vec![[1, 250, 512]]));
    let (inputs, outputs) = shapes(&whisper::decoder(&whisper::BASE, ""));
    assert_eq!(inputs, [[1, 32, 512], [1, 250, 512]]);
    assert_eq!(outputs.iter().map(|s| s[2]).sum::<u32>(), 51_865);
    assert!(outputs.iter().all(|s| s[..2] == [1, 32]));
}

#[test]
fn every_truncation_and_every_surplus_byte_is_corrupted() {
    let whole = Canned::new(1).decoder;
    for length in 0..whole.len() {
        assert_eq!(create(&whole[..length]).0, HAILO_HEF_FILE_CORRUPTED, "{length} of {}", whole.len());
    }
    let mut more = whole;
    more.push(0);
    assert_eq!(create(&more).0, HAILO_HEF_FILE_CORRUPTED);
}

#[test]
fn every_changed_byte_is_noticed() {
    let whole = Canned::new(1).encoder;
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let (status, hef) = create(&bytes);
            let wanted: &[_] = match at {
                0..4 => &[HAILO_HEF_NOT_SUPPORTED],
                // Another version has its fields elsewhere, or is none that is read.
                4..8 => &[HAILO_HEF_NOT_SUPPORTED, HAILO_HEF_FILE_CORRUPTED],
                // Reserved fields are nobody's.
                28..PROTO => &[HAILO_SUCCESS],
                _ => &[HAILO_HEF_FILE_CORRUPTED],
            };
            assert!(wanted.contains(&status), "byte {at} ^ {flip:#x}: {status}");
            if status == HAILO_SUCCESS {
                release(hef);
            }
        }
    }
}

/// What a program asks of a HEF that was read: none of it may crash, whatever the file says.
fn ask_everything(hef: hailo_hef) -> hailo_status {
    hailort_sim::runtime::host::own();
    let api = hailort_sim::api();
    let mut count = 40;
    let mut infos = vec![hailo_vstream_info_t::zeroed(); count];
    let mut names = vec![hailo_layer_name_t::zeroed(); count];
    let (mut vdevice, mut groups) = (null_mut(), [null_mut(); 8]);
    // SAFETY: handles in use, NULL where it means the default, arrays with their capacities; the virtual device is
    // not used after its release.
    unsafe {
        (api.hailo_hef_get_all_vstream_infos)(hef, std::ptr::null(), infos.as_mut_ptr(), &raw mut count);
        count = names.len();
        (api.hailo_hef_get_sorted_output_names)(hef, std::ptr::null(), names.as_mut_ptr(), &raw mut count);
        count = groups.len();
        assert_eq!((api.hailo_create_vdevice)(null_mut(), &raw mut vdevice), HAILO_SUCCESS);
        let status =
            (api.hailo_configure_vdevice)(vdevice, hef, null_mut(), groups.as_mut_ptr(), &raw mut count);
        assert_eq!((api.hailo_release_vdevice)(vdevice), HAILO_SUCCESS);
        status
    }
}

/// A broken file whose checksum fits: the reader and the network's builder see every kind of nonsense.
#[test]
fn a_changed_protobuf_with_the_right_checksum_never_crashes() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let cache = tempfile::tempdir().unwrap();
    let model = Canned::new(1);
    model.install(cache.path()).unwrap();
    // SAFETY: no other thread of this process reads or sets variables now.
    unsafe { std::env::set_var("HAILO_CACHE_DIR", cache.path()) };
    // Behind the C boundary a panic becomes a status: it has to be counted where it happens.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        print(panic);
    }));
    let (mut read, mut refused) = (0, 0);
    for whole in [&model.encoder, &model.decoder] {
        let proto = &whole[PROTO..];
        for at in 0..proto.len() {
            for value in [0, 0xff, proto[at] ^ 1] {
                let mut bytes = proto.to_vec();
                bytes[at] = value;
                let (status, hef) = create(&header::write(2, &bytes));
                if status == HAILO_SUCCESS {
                    read += 1;
                    let status = ask_everything(hef);
                    release(hef);
                    let known = [HAILO_SUCCESS, HAILO_INTERNAL_FAILURE, HAILO_HEF_NOT_COMPATIBLE_WITH_DEVICE];
                    assert!(known.contains(&status), "byte {at} = {value:#x}: configured with {status}");
                } else {
                    refused += 1;
                    let known = [
                        HAILO_HEF_FILE_CORRUPTED,
                        HAILO_HEF_NOT_SUPPORTED,
                        HAILO_INVALID_HEF,
                        HAILO_INVALID_ARGUMENT,
                        HAILO_INTERNAL_FAILURE,
                    ];
                    assert!(known.contains(&status), "byte {at} = {value:#x}: {status}");
                }
            }
        }
    }
    // Both kinds came up, or this test looks at nothing.
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}
