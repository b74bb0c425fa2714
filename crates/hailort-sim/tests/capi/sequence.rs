//! The whole sequence of calls, and all that the library says on the way.

use hailort_sim::canned::SHAPE;
use hailort_sys::status::*;
use hailort_sys::types::*;

use crate::support::*;

fn shape(info: &hailo_vstream_info_t) -> [u32; 3] {
    // SAFETY: NHWC is none of the NMS orders, so that the shape is the member that counts.
    let shape = unsafe { info.shape.shape };
    [shape.height, shape.width, shape.features]
}

#[test]
fn encoder_and_decoder_run_on_one_virtual_device_and_leave_nothing_behind() {
    let installed = install();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("encoder.hef");
    std::fs::write(&path, &installed.model.encoder).unwrap();

    let vdevice = create_vdevice(&[], None).unwrap();
    let from_file = create_hef_file(&path).unwrap();
    assert_eq!(hef_vstreams(from_file).len(), 2);
    assert_eq!(release_hef(from_file), HAILO_SUCCESS);
    let encoder = Loaded::new(vdevice, &installed.model.encoder, 2, 10_000);
    let decoder = Loaded::new(vdevice, &installed.model.decoder, 2, 10_000);

    let features = encoder.infer(1).remove(0);
    let names: Vec<String> = decoder.inputs.iter().map(|i| text(&input_info(*i).0.name)).collect();
    let at = |layer: &str| names.iter().position(|n| n.ends_with(layer)).unwrap();
    let (features_at, tokens_at) = (at("input_layer1"), at("input_layer2"));
    assert_eq!(write(decoder.inputs[features_at], &features), HAILO_SUCCESS);
    assert_eq!(write(decoder.inputs[tokens_at], &decoder.frame(tokens_at, 2)), HAILO_SUCCESS);
    let logits = decoder.read_all();
    assert!(logits.iter().flatten().all(|x| x.is_finite()));
    assert!(logits.iter().flatten().any(|x| *x != logits[0][0]));

    encoder.release();
    decoder.release();
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
    assert_nothing_in_use();
}

#[test]
fn vstreams_and_hefs_say_the_same_but_for_the_type_of_the_frames() {
    let installed = install();
    let vdevice = create_vdevice(&[], None).unwrap();
    for hef in [&installed.model.encoder, &installed.model.decoder] {
        let loaded = Loaded::new(vdevice, hef, 2, 10_000);
        let of_the_hef = hef_vstreams(loaded.hef);
        let of_vstreams: Vec<_> = loaded
            .inputs
            .iter()
            .map(|i| input_info(*i))
            .chain(loaded.outputs.iter().map(|o| output_info(*o)))
            .collect();
        assert_eq!(of_the_hef.len(), of_vstreams.len());
        for (i, (vstream, frame_size)) in of_vstreams.iter().enumerate() {
            let name = text(&vstream.name);
            let hef = of_the_hef.iter().find(|h| text(&h.name) == name).unwrap();
            assert_eq!(text(&vstream.network_name), text(&hef.network_name));
            let direction = if i < loaded.inputs.len() { HAILO_H2D_STREAM } else { HAILO_D2H_STREAM };
            assert_eq!((hef.direction, vstream.direction), (direction, direction), "{name}");
            assert_eq!(hef.format.type_, HAILO_FORMAT_TYPE_UINT16, "{name}");
            assert_eq!(vstream.format.type_, HAILO_FORMAT_TYPE_FLOAT32, "{name}");
            assert_eq!(hef.format.order, HAILO_FORMAT_ORDER_NHWC, "{name}");
            assert_eq!(vstream.format.order, HAILO_FORMAT_ORDER_NHWC, "{name}");
            assert_eq!(shape(vstream), shape(hef), "{name}");
            assert_eq!(*frame_size, 4 * shape(hef).iter().product::<u32>() as usize, "{name}");
            assert_eq!(vstream.quant_info.qp_scale, hef.quant_info.qp_scale, "{name}");
        }
        loaded.release();
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn the_shapes_are_those_of_a_whisper_model() {
    let installed = install();
    let encoder = create_hef(&installed.model.encoder).unwrap();
    let shapes: Vec<_> = hef_vstreams(encoder).iter().map(shape).collect();
    assert_eq!(shapes, [[1, 100 * SHAPE.seconds, 80], [1, 50 * SHAPE.seconds, SHAPE.width]]);
    let decoder = create_hef(&installed.model.decoder).unwrap();
    let infos = hef_vstreams(decoder);
    let inputs: Vec<_> = infos.iter().filter(|i| i.direction == HAILO_H2D_STREAM).map(shape).collect();
    assert_eq!(inputs, [[1, SHAPE.positions, SHAPE.width], [1, 50 * SHAPE.seconds, SHAPE.width]]);
    // A HEF lists its outputs in the order of the original model, parameters of vstreams come in that of the alphabet.
    let sorted = sorted_outputs(decoder);
    let listed: Vec<_> =
        infos.iter().filter(|i| i.direction == HAILO_D2H_STREAM).map(|i| text(&i.name)).collect();
    assert_eq!(sorted, listed);
    assert!(!sorted.is_sorted());
    let columns: Vec<_> =
        sorted.iter().map(|name| shape(infos.iter().find(|i| text(&i.name) == *name).unwrap())).collect();
    assert_eq!(columns, SHAPE.splits.map(|n| [1, SHAPE.positions, n]));
}

#[test]
fn default_parameters_are_those_of_the_real_library() {
    let installed = install();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hef-vectors/expected-4.23.json");
    let vectors: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(vectors).unwrap()).unwrap();
    let real = &vectors["enc_v2.hef"];
    let vdevice = create_vdevice(&[], None).unwrap();
    let group = configure(vdevice, create_hef(&installed.model.decoder).unwrap()).unwrap();
    let (inputs, outputs) = (input_params(group), output_params(group));
    assert_eq!((inputs.len(), outputs.len()), (2, 4));
    for params in inputs.iter().map(|p| p.params).chain(outputs.iter().map(|p| p.params)) {
        assert_eq!(params.timeout_ms, real["default_timeout_ms"]);
        assert_eq!(params.queue_size, real["default_queue_size"]);
        assert_eq!(params.user_buffer_format.type_, HAILO_FORMAT_TYPE_FLOAT32);
    }
    assert_eq!(release_vdevice(vdevice), HAILO_SUCCESS);
}

#[test]
fn the_version_is_the_one_whose_layout_is_declared() {
    let mut version = hailo_version_t::zeroed();
    // SAFETY: a place for the answer.
    assert_eq!(unsafe { (api().hailo_get_library_version)(&raw mut version) }, HAILO_SUCCESS);
    assert_eq!((version.major, version.minor, version.revision), (4, 23, 0));
}

#[test]
fn every_status_has_a_name_up_to_the_highest_and_none_beyond() {
    use hailort_sys::status::{status_meaning, status_name};
    for status in 0..=93 {
        assert!(status_name(status).is_some(), "{status}");
    }
    for status in (94..1000).chain([u32::MAX, 0x8000_0000]) {
        assert_eq!((status_name(status), status_meaning(status)), (None, None), "{status}");
    }
}
