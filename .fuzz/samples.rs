//! Writes the simulator's samples to `corpus/<target>/`, for fuzzing to start from.

#[path = "../tests/fuzz/samples.rs"]
mod samples;

use std::path::Path;

fn main() -> std::io::Result<()> {
    for (target, files) in samples::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        std::fs::create_dir_all(&folder)?;
        for (i, bytes) in files.iter().enumerate() {
            std::fs::write(folder.join(format!("sample-{i}")), bytes)?;
        }
    }
    Ok(())
}
