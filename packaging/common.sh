# Shared by the scripts in this folder. Sourcing it changes to the root of the repository.
# The sourcing scripts read its variables.
# shellcheck shell=bash disable=SC2034

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# The folder of packages and of files generated for them.
packages=target/packages
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
# Two packages of one commit have the same times. Not exported: if the C compiler sees another time, cargo
# builds SQLite and everything that depends on it again.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

# need TOOL HINT: ends the script if a required program is missing.
need() {
    command -v "$1" >/dev/null || {
        echo "$0 needs $1: $2" >&2
        exit 2
    }
}

# target_folder: the folder where cargo builds; not always target/.
target_folder() {
    cargo metadata --locked --no-deps --format-version=1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# profile_folder PROFILE: the subfolder for this profile.
profile_folder() {
    if [ "$1" = dev ]; then echo debug; else echo "$1"; fi
}

# page PROGRAM FOLDER [COMMAND...]: writes the man pages of a command and of all its subcommands.
page() {
    local program=$1 folder=$2 name below
    shift 2
    name=$(IFS=-; echo "filing-etl${*:+-$*}")
    "$program" man "$@" >"$folder/$name.1"
    # The page names its commands as "filing\-etl\-companies\-list(1)". "help" has no page of its own.
    below=$(sed -n 's/^\(filing\\-etl\\-.*\)(1)$/\1/p' "$folder/$name.1" | tr -d '\134')
    for below in $below; do
        below=${below#"$name-"}
        [ "$below" = help ] || page "$program" "$folder" "$@" "$below"
    done
}

# generate PROGRAM: lets the program write its man pages and completions to $packages/generated.
generate() {
    local out=$packages/generated
    rm -rf "$out"
    mkdir -p "$out/man" "$out/completions/bash" "$out/completions/zsh" "$out/completions/fish"
    page "$1" "$out/man"
    "$1" completions bash >"$out/completions/bash/filing-etl"
    "$1" completions zsh >"$out/completions/zsh/_filing-etl"
    "$1" completions fish >"$out/completions/fish/filing-etl.fish"
}

# The target for programs that do not depend on the machine's libc.
musl=$(uname -m)-unknown-linux-musl

# static_build: builds the static program and sets $static to its path.
static_build() {
    local target
    [ -d "$(rustc --print sysroot)/lib/rustlib/$musl" ] || {
        echo "$0 needs Rust's library for $musl: rustup target add $musl" >&2
        exit 2
    }
    cargo build --locked --profile "${PROFILE:-dist}" --target "$musl"
    target=$(target_folder)
    static=$target/$musl/$(profile_folder "${PROFILE:-dist}")/filing-etl
}
