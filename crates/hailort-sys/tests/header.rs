//! The C header that is made from the declarations, against the figures of HailoRT's own, by a C compiler.

use std::process::Command;

use hailort_sys::types::{LAYOUTS, hailo_notification_t};

#[test]
fn a_c_compiler_sees_the_layouts_that_rust_has() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hailort.h"), hailort_sys::header::c_header()).unwrap();
    let mut c = String::from("#include \"hailort.h\"\n");
    let mut check = |what: String| c += &format!("_Static_assert({what}, \"{what}\");\n");
    for (name, size, align, fields) in LAYOUTS {
        check(format!("sizeof({name}) == {size}"));
        check(format!("_Alignof({name}) == {align}"));
        for (field, offset, size) in *fields {
            let c_field = if *field == "type_" { "type" } else { field };
            check(format!("offsetof({name}, {c_field}) == {offset}"));
            // The members of a union have sizes of their own.
            if *field != "shape" {
                check(format!("sizeof((({name} *)0)->{c_field}) == {size}"));
            }
        }
    }
    check(format!("sizeof(hailo_notification_t) == {}", size_of::<hailo_notification_t>()));
    let file = folder.path().join("layout.c");
    std::fs::write(&file, c).unwrap();
    let compiled =
        Command::new("cc").args(["-std=c11", "-Wall", "-Werror", "-fsyntax-only"]).arg(&file).output();
    let compiled = compiled.expect("`cc`, which Rust's linker needs too, is installed");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}
