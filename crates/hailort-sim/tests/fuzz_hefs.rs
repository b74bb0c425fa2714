//! HEFs of every kind of nonsense: each is read or refused, never a crash, a hang, or memory without measure.
//!
//! ```sh
//! HAILO_FUZZ_EXECUTIONS=1000000 cargo nextest run -p hailo-harness-sim --test fuzz_hefs
//! HAILO_FUZZ_SEED=7 HAILO_FUZZ_ONLY=123 cargo nextest run -p hailo-harness-sim --test fuzz_hefs some_   # that one again
//! ```

mod fuzz;

use std::ptr::null_mut;

use fuzz::driver::{Notes, few, run, soak};
use fuzz::hefs::{mutation, seeds};
use fuzz::random::Random;
use hailort_sim::version::Version;
use hailort_sys::status::*;
use hailort_sys::types::*;

/// Statuses with which a HEF may be refused.
const REFUSALS: [hailo_status; 7] = [
    HAILO_HEF_FILE_CORRUPTED,
    HAILO_HEF_NOT_SUPPORTED,
    HAILO_INVALID_HEF,
    HAILO_INVALID_ARGUMENT,
    HAILO_INVALID_OPERATION,
    HAILO_INTERNAL_FAILURE,
    HAILO_NOT_FOUND,
];

fn create(bytes: &[u8]) -> (hailo_status, hailo_hef) {
    let mut hef = null_mut();
    // SAFETY: a place for the handle and a buffer of the size that is said.
    let status = unsafe {
        (hailort_sim::api().hailo_create_hef_buffer)(&raw mut hef, bytes.as_ptr().cast(), bytes.len())
    };
    (status, hef)
}

/// Everything that a program can ask of a HEF, then of its configuration.
fn use_it(hef: hailo_hef, vdevice: hailo_vdevice, random: &mut Random, notes: &Notes) {
    let (api, further) = (hailort_sim::api(), hailort_sim::further_api());
    let room = random.below(41);
    let mut infos = vec![hailo_vstream_info_t::zeroed(); room];
    let mut streams = vec![hailo_stream_info_t::zeroed(); room];
    let mut names = vec![hailo_layer_name_t::zeroed(); room];
    let mut inputs = vec![hailo_input_vstream_params_by_name_t::zeroed(); 40];
    let mut outputs = vec![hailo_output_vstream_params_by_name_t::zeroed(); 40];
    let mut params = Box::new(hailo_configure_params_t::zeroed());
    let (mut count, mut fps, mut groups) = (room, 0.0, [null_mut(); 8]);
    let name = std::ptr::null();
    notes.add("asks what is in it");
    // SAFETY: handles in use, arrays with their capacities, places for one result each, NULL where it means the first.
    unsafe {
        (api.hailo_hef_get_all_vstream_infos)(hef, name, infos.as_mut_ptr(), &raw mut count);
        count = room;
        (api.hailo_hef_get_sorted_output_names)(hef, name, names.as_mut_ptr(), &raw mut count);
        (further.hailo_hef_get_all_stream_infos)(hef, name, streams.as_mut_ptr(), room, &raw mut count);
        (further.hailo_hef_get_bottleneck_fps)(hef, name, &raw mut fps);
        (further.hailo_init_configure_params)(hef, 0, &raw mut *params);
        count = 40;
        (further.hailo_hef_make_input_vstream_params)(
            hef,
            name,
            false,
            3,
            inputs.as_mut_ptr(),
            &raw mut count,
        );
    }
    let mut sizes = 0_usize;
    for info in &mut infos {
        let mut format = hailo_format_t { type_: random.below(4) as u32, order: 0, flags: 0 };
        let mut size = 0;
        // SAFETY: three values of this function's.
        unsafe { (further.hailo_get_vstream_frame_size)(&raw mut *info, &raw mut format, &raw mut size) };
        sizes = sizes.wrapping_add(size);
    }
    std::hint::black_box(sizes);
    notes.add("configures");
    count = groups.len();
    // SAFETY: handles in use, NULL for the defaults, an array with its capacity.
    let status = unsafe {
        (api.hailo_configure_vdevice)(vdevice, hef, null_mut(), groups.as_mut_ptr(), &raw mut count)
    };
    if status != HAILO_SUCCESS {
        return;
    }
    for group in &groups[..count] {
        frames(*group, &mut inputs, &mut outputs, random, notes);
    }
}

/// A frame through a group, where its frames are of a size that anybody has memory for.
fn frames(
    group: hailo_configured_network_group,
    inputs: &mut [hailo_input_vstream_params_by_name_t],
    outputs: &mut [hailo_output_vstream_params_by_name_t],
    random: &mut Random,
    notes: &Notes,
) {
    let api = hailort_sim::api();
    let format =
        *random.of_all(&[HAILO_FORMAT_TYPE_AUTO, HAILO_FORMAT_TYPE_UINT8, HAILO_FORMAT_TYPE_FLOAT32]);
    let (mut some, mut others) = (inputs.len(), outputs.len());
    notes.add("makes vstreams");
    let mut opened = [null_mut(); 40];
    let mut read = [null_mut(); 40];
    // SAFETY: handles in use, arrays with their capacities.
    unsafe {
        if (api.hailo_make_input_vstream_params)(group, false, format, inputs.as_mut_ptr(), &raw mut some)
            != 0
            || (api.hailo_make_output_vstream_params)(
                group,
                false,
                format,
                outputs.as_mut_ptr(),
                &raw mut others,
            ) != 0
        {
            return;
        }
        inputs[..some].iter_mut().for_each(|p| p.params.timeout_ms = 2);
        outputs[..others].iter_mut().for_each(|p| p.params.timeout_ms = 2);
        if (api.hailo_create_input_vstreams)(group, inputs.as_ptr(), some, opened.as_mut_ptr()) != 0 {
            return;
        }
        if (api.hailo_create_output_vstreams)(group, outputs.as_ptr(), others, read.as_mut_ptr()) == 0 {
            notes.add("writes and reads");
            for input in &opened[..some] {
                let mut size = 0;
                (api.hailo_get_input_vstream_frame_size)(*input, &raw mut size);
                if size < 1 << 16 {
                    let frame = vec![1_u8; size];
                    (api.hailo_vstream_write_raw_buffer)(*input, frame.as_ptr().cast(), size);
                }
            }
            for output in &read[..others] {
                let mut size = 0;
                (api.hailo_get_output_vstream_frame_size)(*output, &raw mut size);
                if size < 1 << 16 {
                    let mut frame = vec![0_u8; size];
                    (api.hailo_vstream_read_raw_buffer)(*output, frame.as_mut_ptr().cast(), size);
                }
            }
            notes.add("releases");
            (api.hailo_shutdown_network_group)(group);
            assert_eq!((api.hailo_release_output_vstreams)(read.as_ptr(), others), HAILO_SUCCESS);
        }
        (api.hailo_shutdown_network_group)(group);
        assert_eq!((api.hailo_release_input_vstreams)(opened.as_ptr(), some), HAILO_SUCCESS);
    }
}

fn fuzz(test: &str, count: u64) {
    hailort_sim::runtime::host::own();
    let cache = tempfile::tempdir().unwrap();
    hailort_sim::canned::Canned::new(1).install(cache.path()).unwrap();
    // SAFETY: no other thread of this process reads or sets variables now.
    unsafe {
        std::env::set_var("HAILO_CACHE_DIR", cache.path());
        std::env::set_var("HAILO_SIM_THREADS", "1");
        std::env::set_var("HAILO_SIM_ARCH", "hailo8");
    }
    let (seeds, api) = (seeds(), hailort_sim::api());
    let (mut read, mut refused) = (0_u64, 0_u64);
    let mut vdevice: hailo_vdevice = null_mut();
    run(test, count, |number, random, notes| {
        let file = mutation(&seeds, random);
        notes.add(format!("reads {} bytes", file.len()));
        for (version, _) in Version::ALL {
            // No matter what: only that it answers.
            let _ = hailort_sim::hef::Hef::read_bytes(&file, version);
        }
        let (status, hef) = create(&file);
        if status != HAILO_SUCCESS {
            assert!(hef.is_null() && REFUSALS.contains(&status), "refused with {status}");
            refused += 1;
            return;
        }
        read += 1;
        // SAFETY: NULL for the defaults, a place for the handle; then handles that are not used any more.
        unsafe {
            if vdevice.is_null() {
                assert_eq!((api.hailo_create_vdevice)(null_mut(), &raw mut vdevice), HAILO_SUCCESS);
            }
            use_it(hef, vdevice, random, notes);
            assert_eq!((api.hailo_release_hef)(hef), HAILO_SUCCESS);
            // Its groups go with it: memory must not grow with the number of executions.
            if random.once_in(20) || number + 1 == count {
                notes.add("releases the virtual device");
                assert_eq!((api.hailo_release_vdevice)(vdevice), HAILO_SUCCESS);
                vdevice = null_mut();
            }
        }
    });
    println!("{test}: {read} read, {refused} refused");
    // Both kinds came up, or this looks at nothing.
    assert!(count < 500 || (read > count / 20 && refused > count / 20), "{read} read, {refused} refused");
}

#[test]
fn some_hefs_are_read_or_refused() {
    fuzz("some_hefs_are_read_or_refused", few(5000));
}

#[test]
fn soak_hefs_are_read_or_refused() {
    fuzz("soak_hefs_are_read_or_refused", soak());
}
