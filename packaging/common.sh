# What the scripts in this folder share. It is sourced, and moves to the root of the repository.
# Those who source it read its variables.
# shellcheck shell=bash disable=SC2034

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# Where packages and what is generated for them go.
packages=target/packages
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
# What is packed twice from one commit carries the same times. Not exported: for a C compiler that is told
# another time, cargo builds SQLite and all that needs it anew.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

# need TOOL HINT: ends the script if a program that it calls is not there.
need() {
    command -v "$1" >/dev/null || {
        echo "$0 needs $1: $2" >&2
        exit 2
    }
}

# target_folder: where cargo builds, which need not be target/.
target_folder() {
    cargo metadata --locked --no-deps --format-version=1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# profile_folder PROFILE: where in there cargo puts what it builds in this profile.
profile_folder() {
    if [ "$1" = dev ]; then echo debug; else echo "$1"; fi
}

# page PROGRAM FOLDER [COMMAND...]: writes the man page of a command and those of all commands below it.
page() {
    local program=$1 folder=$2 name below
    shift 2
    name=$(IFS=-; echo "filing-etl${*:+-$*}")
    "$program" man "$@" >"$folder/$name.1"
    # The page names its commands as "filing\-etl\-companies\-list(1)". That of "help" is no page of its own.
    below=$(sed -n 's/^\(filing\\-etl\\-.*\)(1)$/\1/p' "$folder/$name.1" | tr -d '\134')
    for below in $below; do
        below=${below#"$name-"}
        [ "$below" = help ] || page "$program" "$folder" "$@" "$below"
    done
}

# generate PROGRAM: man pages and completions, made by the program itself, in $packages/generated.
generate() {
    local out=$packages/generated
    rm -rf "$out"
    mkdir -p "$out/man" "$out/completions/bash" "$out/completions/zsh" "$out/completions/fish"
    page "$1" "$out/man"
    "$1" completions bash >"$out/completions/bash/filing-etl"
    "$1" completions zsh >"$out/completions/zsh/_filing-etl"
    "$1" completions fish >"$out/completions/fish/filing-etl.fish"
}

# The target of programs that need no libc of the machine they run on.
musl=$(uname -m)-unknown-linux-musl

# static_build: builds the static program; its path is then in $static.
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
