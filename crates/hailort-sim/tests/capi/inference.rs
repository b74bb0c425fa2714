//! What comes out is what the network computes, whatever the number of threads.

use std::sync::Arc;

use hailort_sim::hef::whisper::{BASE, Positions};
use hailort_sim::network::Network;
use hailort_sim::network::whisper::{Decoder, Encoder};
use hailort_sim::weights;
use hailort_sys::status::*;
use hailort_sys::types::*;

use crate::support::*;

#[test]
fn the_frames_are_those_of_the_network_itself() {
    let installed = install();
    let store = installed.cache.path().join("sha256");
    let file = Arc::new(weights::open(&store, &installed.model.weights_sha256).unwrap());
    let vdevice = create_vdevice(&[], None).unwrap();
    let encoder = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let direct = Encoder::new(&file).unwrap();
    for seed in 0..3 {
        assert!(encoder.infer(seed)[0] == direct.forward(&encoder.frame(0, seed)), "seed {seed}");
    }

    // All logits at once, to be joined from the parts in their sorted order.
    let decoder = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
    let mut direct = Decoder::new(&file, std::iter::once(0..33).collect(), Positions::Decoder).unwrap();
    let sorted = sorted_outputs(decoder.hef);
    for seed in 0..3 {
        let mut whole = vec![0.0; 8 * 33];
        // By name: the encoder's features, then the embeddings.
        direct.run(&[&decoder.frame(0, seed), &decoder.frame(1, seed)], &mut [&mut whole]);
        let parts = decoder.infer(seed);
        for (position, row) in whole.chunks_exact(33).enumerate() {
            let mut joined = Vec::new();
            for name in &sorted {
                let at = decoder.outputs.iter().position(|o| text(&output_info(*o).0.name) == *name).unwrap();
                let columns = parts[at].len() / 8;
                joined.extend_from_slice(&parts[at][position * columns..(position + 1) * columns]);
            }
            assert!(joined == row, "seed {seed}, position {position}");
        }
    }
    encoder.release();
    decoder.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn one_thread_and_two_compute_the_same_bits() {
    let installed = install();
    let run = |count: usize| {
        set_variable("HAILO_SIM_THREADS", count.to_string());
        let before = threads();
        let vdevice = create_vdevice(&[], None).unwrap();
        let encoder = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
        let decoder = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
        let frames: Vec<_> = (0..3).map(|seed| (encoder.infer(seed), decoder.infer(seed))).collect();
        // The variable did what it says: 3 of the device, 3 of the encoder's vstreams, 10 of the decoder's.
        assert_eq!(threads() - before, 3 + 3 + 10 + count);
        encoder.release();
        decoder.release();
        assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
        wait_until("the threads are gone", || threads() == before);
        frames
    };
    let one = run(1);
    assert!(one == run(2));
    assert!(one == run(3));
}

#[test]
fn frames_need_no_alignment() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let expected = loaded.infer(1);
    let mut bytes = vec![0u8];
    bytes.extend(loaded.frame(0, 1).iter().flat_map(|x| x.to_ne_bytes()));
    let mut out = vec![0u8; 1 + 4 * expected[0].len()];
    let (input, output) = (loaded.inputs[0], loaded.outputs[0]);
    // SAFETY: handles in use, buffers of the sizes that are said.
    unsafe {
        let write = api().hailo_vstream_write_raw_buffer;
        let status =
            write(std::ptr::without_provenance_mut(input), bytes[1..].as_ptr().cast(), bytes.len() - 1);
        assert_eq!(status, HAILO_SUCCESS);
        let (read, size) = (api().hailo_vstream_read_raw_buffer, out.len() - 1);
        let status = read(std::ptr::without_provenance_mut(output), out[1..].as_mut_ptr().cast(), size);
        assert_eq!(status, HAILO_SUCCESS);
    }
    let read: Vec<f32> = out[1..].as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect();
    assert!(read == expected[0]);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn weights_that_do_not_fit_the_shapes_are_refused() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    // The shapes of base over the weights of the canned model.
    for hef in [
        hailort_sim::hef::whisper::encoder(&BASE, &installed.model.weights_sha256),
        hailort_sim::hef::whisper::decoder(&BASE, &installed.model.weights_sha256),
    ] {
        let hef = create_hef(&hef).unwrap();
        assert_eq!(configure(vdevice, hef), Err(HAILO_INTERNAL_FAILURE));
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}
