//! Timeouts, bounds and the order of frames.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hailort_sys::status::*;

use crate::support::*;

#[test]
fn a_read_without_a_frame_times_out_after_its_time() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, 60);
    let mut frame = vec![0.0; output_info(loaded.outputs[0]).1 / 4];
    let start = Instant::now();
    assert_eq!(read(loaded.outputs[0], &mut frame), HAILO_TIMEOUT);
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(60) && took < SOON, "{took:?}");
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_timeout_is_no_end_the_frame_comes_later() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let mut frame = vec![0.0; 50 * 128];
    let reference = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let expected = reference.infer(3);
    reference.release();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, 1);
    assert_eq!(read(loaded.outputs[0], &mut frame), HAILO_TIMEOUT);
    assert_eq!(write(loaded.inputs[0], &loaded.frame(0, 3)), HAILO_SUCCESS);
    wait_until("the frame", || read(loaded.outputs[0], &mut frame) == HAILO_SUCCESS);
    assert_eq!(frame, expected[0]);
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

/// Writes until nothing more goes in, and answers how many frames went.
fn fill(loaded: &Loaded, input: usize) -> usize {
    let frame = loaded.frame(input, 0);
    for written in 0..100 {
        match write(loaded.inputs[input], &frame) {
            HAILO_SUCCESS => {}
            status => {
                assert_eq!(status, HAILO_TIMEOUT);
                return written;
            }
        }
    }
    panic!("the queue has no bound");
}

#[test]
fn a_write_into_a_full_queue_times_out_and_the_queue_is_as_long_as_asked() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    for queue_size in [1, 2, 5] {
        // Only one of the decoder's two inputs gets frames: no inference can take them away.
        let loaded = Loaded::new(vdevice, &installed.model.decoder, queue_size, 200);
        let written = fill(&loaded, 0);
        // A queue on the caller's side, one on the device's, and the frame that the thread between them holds.
        assert_eq!(written, 2 * queue_size as usize + 1, "queue size {queue_size}");
        loaded.release();
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn outputs_that_nobody_reads_stop_the_writer_and_no_frame_is_lost() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 1, 300);
    let reference: Vec<_> = (0..20).map(|seed| loaded.infer(seed).remove(0)).collect();
    let mut written = 0;
    while written < 20 && write(loaded.inputs[0], &loaded.frame(0, written)) == HAILO_SUCCESS {
        written += 1;
    }
    // Two queues and a thread before the network, three queues and two threads behind it.
    assert_eq!(written, 8);
    for expected in &reference[..written] {
        assert!(loaded.read_all()[0] == *expected);
    }
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_writer_and_a_reader_in_two_threads_get_the_frames_in_order() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let loaded = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let reference: Vec<_> = (0..10).map(|seed| loaded.infer(seed).remove(0)).collect();
    assert!(reference.windows(2).all(|w| w[0] != w[1]));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..60 {
                assert_eq!(write(loaded.inputs[0], &loaded.frame(0, i % 10)), HAILO_SUCCESS);
            }
        });
        for i in 0..60 {
            assert!(loaded.read_all()[0] == reference[i % 10], "frame {i}");
        }
    });
    loaded.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn two_groups_of_one_device_take_turns() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let encoder = Loaded::new(vdevice, &installed.model.encoder, 2, LONG_MS);
    let decoder = Loaded::new(vdevice, &installed.model.decoder, 2, LONG_MS);
    let (features, logits) = (encoder.infer(1), decoder.infer(2));
    std::thread::scope(|scope| {
        scope.spawn(|| (0..30).for_each(|i| assert!(encoder.infer(1) == features, "encoder, frame {i}")));
        scope.spawn(|| (0..30).for_each(|i| assert!(decoder.infer(2) == logits, "decoder, frame {i}")));
    });
    encoder.release();
    decoder.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn a_group_that_always_has_frames_does_not_keep_another_from_running() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let groups = [(); 2].map(|()| Loaded::new(vdevice, &installed.model.encoder, 8, LONG_MS));
    let counts = [const { AtomicUsize::new(0) }; 2];
    std::thread::scope(|scope| {
        for (group, count) in groups.iter().zip(&counts) {
            let frame = group.frame(0, 1);
            scope.spawn(move || while write(group.inputs[0], &frame) == HAILO_SUCCESS {});
            scope.spawn(move || {
                let mut frame = vec![0.0; output_info(group.outputs[0]).1 / 4];
                while read(group.outputs[0], &mut frame) == HAILO_SUCCESS {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // The threads end only with the groups: nothing may fail before those are shut down.
        let start = Instant::now();
        let read = || counts.each_ref().map(|c| c.load(Ordering::Relaxed));
        while start.elapsed() < SOON && read().iter().any(|count| *count < 200) {
            std::thread::yield_now();
        }
        let [first, second] = read();
        groups.iter().for_each(|group| assert_eq!(shut_down(group.group), HAILO_SUCCESS));
        // Whichever is ahead, the other one gets its turns.
        assert!(first.min(second) >= 200 && first < 4 * second && second < 4 * first, "{first} and {second}");
    });
    groups.into_iter().for_each(Loaded::release);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

/// The output comes when all its frames have been written: nothing else tells the scheduler of it.
#[test]
fn an_output_that_is_made_after_the_frames_gets_them() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    let hef = create_hef(&installed.model.encoder).unwrap();
    let group = configure(vdevice, hef).unwrap();
    let mut params = input_params(group);
    params[0].params.timeout_ms = 50;
    let inputs = create_inputs(group, &params).unwrap();
    let frame = vec![0.5; input_info(inputs[0]).1 / 4];
    let mut written = 0;
    while write(inputs[0], &frame) == HAILO_SUCCESS {
        written += 1;
        assert!(written < 100, "the queue has no bound");
    }
    let outputs = create_outputs(group, &output_params(group)).unwrap();
    let mut frame = vec![0.0; output_info(outputs[0]).1 / 4];
    for _ in 0..written {
        assert_eq!(read(outputs[0], &mut frame), HAILO_SUCCESS);
    }
    assert_eq!(shut_down(group), HAILO_SUCCESS);
    assert_eq!(release_outputs(&outputs), HAILO_SUCCESS);
    assert_eq!(release_inputs(&inputs), HAILO_SUCCESS);
    assert_eq!(release_hef(hef), HAILO_SUCCESS);
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}
