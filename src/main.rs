//! The binary: everything is in the library.

/// Bodies are parsed into many small values and thrown away at once: this allocator takes and gives back what glibc's keeps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    forewarn::cli::main()
}
