#!/bin/sh
# Installs chat from a release: an address or a folder that holds the files of one version.
#
#   sh install.sh ADDRESS|FOLDER [--to FOLDER] [--pin PIN] [--checksum-only] [--downgrade]
#
# Downloads the archive for this system, compares it with the signed list of checksums, and puts chat, and lanchat as
# a second name for it, into ~/.local/bin or the folder after --to. Nothing else is changed. To uninstall, remove both,
# and chat.old, which chat upgrade leaves.
#
# --pin is for a chat server without a certificate that curl trusts: only the server with this public key is asked.
# --checksum-only skips the signature: the address is trusted.
# --downgrade replaces a newer program; otherwise an old copy of the release could bring its faults back.
if [ -n "${ZSH_VERSION:-}" ]; then emulate sh; fi
set -eu

public_key='@PUBLIC_KEY@'

fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# quoted TEXT: prints the text as a word of a shell.
quoted() {
  case $1 in
    *[!A-Za-z0-9_./+=:@%-]* | '') printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}

# Sets target, the name of this system in file names.
detect_target() {
  case $(uname -s) in Linux) system=linux ;; Darwin) system=darwin ;; *) fail "no program for $(uname -s)" ;; esac
  case $(uname -m) in
    x86_64 | amd64) machine=x64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) fail "no program for $(uname -m)" ;;
  esac
  variant=''
  if [ $system = linux ]; then
    # A system with both C libraries has the loader of glibc.
    for loader in /lib/ld-musl-*; do if [ -e "$loader" ]; then variant=-musl; fi; done
    for loader in /lib64/ld-linux-* /lib/ld-linux-*; do if [ -e "$loader" ]; then variant=''; fi; done
    if [ "$machine$variant" = x64 ] && ! grep -q -w avx2 /proc/cpuinfo 2>/dev/null; then variant=-baseline; fi
  fi
  target=$system-$machine$variant
}

# fetch NAME: copies a file of the release into the working folder. An archive shows its progress on a terminal.
fetch() {
  case $from in
    http://* | https://*)
      curl_output=-sS wget_output=-q
      case $1 in *.tar.*)
        if [ -t 2 ]; then
          curl_output='-#' wget_output=''
          printf 'Downloading %s\n' "$1" >&2
        fi ;;
      esac
      if [ -n "$pin" ]; then set -- "$1" -k --proto =https --pinnedpubkey "$pin"; fi
      if have curl; then
        name=$1; shift
        curl -fL $curl_output --retry 5 "$@" -o "$work/$name" "$from/$name" || fail "cannot download $from/$name"
      elif [ -n "$pin" ]; then fail 'curl is required for --pin'
      elif have wget; then wget $wget_output -O "$work/$1" "$from/$1" || fail "cannot download $from/$1"
      else fail 'curl or wget is required'; fi ;;
    *) cp "$from/$1" "$work/$1" || fail "cannot copy $from/$1" ;;
  esac
}

sha256() {
  if have sha256sum; then sha256sum "$1"
  elif have shasum; then shasum -a 256 "$1"
  else openssl dgst -sha256 -r "$1"; fi | cut -d ' ' -f 1
}

verifier_missing() {
  remedy='install minisign or openssl 3'
  if have apt-get; then remedy='sudo apt-get install minisign'
  elif have dnf; then remedy='sudo dnf install minisign'
  elif have apk; then remedy='sudo apk add minisign'
  elif have brew; then remedy='brew install minisign'; fi
  printf '%s' "nothing here can verify the signature: $remedy; only if you trust the address: --checksum-only"
}

# minisign signs the BLAKE2b-512 hash with Ed25519; openssl 3 verifies that as well.
verify_signature() {
  [ -n "$public_key" ] || fail 'this installer contains no key; use --checksum-only if you trust the address'
  if have minisign; then
    minisign -V -q -P "$public_key" -m "$work/SHA256SUMS" >/dev/null 2>&1 || fail 'the signature does not match'
    return
  fi
  if ! openssl list -digest-algorithms 2>/dev/null | grep -qi blake2b512; then
    [ -n "$pin" ] || fail "$(verifier_missing)"
    printf 'install: trusting the server, as minisign or openssl 3 is missing\n' >&2
    return
  fi
  decode() { printf '%s' "$1" | openssl base64 -d -A | tail -c "+$2"; }
  line() { sed -n "$1p" "$work/SHA256SUMS.minisig"; }
  # The first bytes say that an Ed25519 key follows; ten bytes of algorithm and key number precede key and signature.
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; decode "$public_key" 11; } >"$work/key"
  decode "$(line 2)" 11 >"$work/signature"
  decode "$(line 4)" 1 >"$work/comment-signature"
  { cat "$work/signature"; line 3 | sed 's/^trusted comment: //' | tr -d '\n'; } >"$work/comment"
  openssl dgst -blake2b512 -binary "$work/SHA256SUMS" >"$work/hash"
  ed25519() { openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$1" -sigfile "$2"; }
  if ! ed25519 "$work/hash" "$work/signature" >/dev/null 2>&1 ||
    ! ed25519 "$work/comment" "$work/comment-signature" >/dev/null 2>&1; then
    fail 'the signature does not match'
  fi
}

# find_archive SUFFIX: sets archive, its name; empty if the release has none.
find_archive() { archive=$(sed -n "s/^[0-9a-f]\{64\}  \(chat-[0-9][^/]*-$target\.$1\)\$/\1/p" "$work/SHA256SUMS"); }

# older A B: whether version A precedes version B.
older() {
  # A pre-release such as 0.3.0-rc.1 precedes 0.3.0: their fourth fields are 0 and 1.
  ! printf '%s\n' "$2" "$1" | sed -e 's/-/.0./' -e t -e 's/$/.1/' |
    LC_ALL=C sort -c -t . -k 1,1n -k 2,2n -k 3,3n -k 4,4n -k 5,5 -k 6,6n 2>/dev/null
}

# A function, so that a script that arrives incomplete does nothing.
main() {
  from='' to='' pin='' checksum_only='' downgrade=''
  while [ $# -gt 0 ]; do
    case $1 in
      --to) [ "${2:-}" ] || fail 'missing folder after --to'; to=$2; shift ;;
      --pin) [ $# -gt 1 ] || fail 'missing PIN after --pin'; pin=$2; shift ;;
      --checksum-only) checksum_only=1 ;;
      --downgrade) downgrade=1 ;;
      -*) fail "unknown option $1" ;;
      *) [ -z "$from" ] || fail "unexpected argument $1"; from=${1%/} ;;
    esac
    shift
  done
  [ -n "$from" ] ||
    fail 'usage: sh install.sh ADDRESS|FOLDER [--to FOLDER] [--pin PIN] [--checksum-only] [--downgrade]'
  case $pin$from in "$from" | "$pin"https://*) ;; *) fail '--pin requires an https address' ;; esac
  if [ -n "$to" ]; then
    umask 022 # A chosen folder, such as /usr/local/bin, is for other users, too.
  else
    [ -n "${HOME:-}" ] || fail 'HOME is not set; name the folder with --to'
    to=$HOME/.local/bin
  fi
  case $to in /*) ;; *) to=$PWD/$to ;; esac
  mkdir -p "$to" || fail "cannot create $to"
  # Beside the program, so that the last step is a rename; an older program runs until then.
  work=$(mktemp -d "$to/.chat-install.XXXXXX") || fail "cannot write to $to"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM

  detect_target
  fetch SHA256SUMS
  if [ -z "$checksum_only" ]; then
    fetch SHA256SUMS.minisig
    verify_signature
  fi
  archive=''
  if have zstd; then find_archive tar.zst; fi
  [ -n "$archive" ] || find_archive tar.gz
  [ -n "$archive" ] || fail "the release has no program for $target"
  version=${archive#chat-} version=${version%"-$target".tar.*}
  replaced=$("$to/chat" --version 2>/dev/null) || replaced=''
  installed=${replaced#chat } installed=${installed%% *}
  case $installed in [0-9]*)
    if [ -z "$downgrade" ] && older "$version" "$installed"; then
      fail "the release is older (chat $version) than $to/chat ($installed); add --downgrade to install it anyway"
    fi ;;
  esac
  expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$work/SHA256SUMS")
  fetch "$archive"
  [ "$(sha256 "$work/$archive")" = "$expected" ] || fail "$archive does not match its checksum; download it again"
  case $archive in *.zst) unpack='zstd -dcq' ;; *) unpack='gzip -dc' ;; esac
  name=${archive%.tar.*}
  $unpack "$work/$archive" | tar -xf - -C "$work" "$name/chat" ||
    fail "cannot unpack $archive; check the space on the disk"
  program=$work/$name/chat
  { [ -f "$program" ] && [ ! -L "$program" ]; } || fail "$archive contains no program"
  new=$("$program" --version) || fail "the program for $target does not run on this system"
  [ ! -d "$to/chat" ] || fail "$to/chat is a folder"
  chmod 755 "$program"
  mv -f "$program" "$to/chat"
  # Other programs are called chat, too, such as /usr/sbin/chat of ppp and macOS.
  names="$(quoted "$to/chat") $(quoted "$to/chat.old")"
  if [ ! -e "$to/lanchat" ] && [ ! -L "$to/lanchat" ]; then ln -s chat "$to/lanchat" || :; fi
  if [ "$to/lanchat" -ef "$to/chat" ]; then names="$names $(quoted "$to/lanchat")"; fi

  printf 'Installed %s as %s%s\n' "$new" "$to/chat" "${replaced:+ (replaced $replaced)}"
  export="export PATH=$(quoted "$to"):\"\$PATH\""
  found=$(command -v chat) || found=''
  if [ -n "$found" ] && [ "$found" -ef "$to/chat" ]; then found=''; fi
  case :$PATH: in
    *:"$to":*)
      [ -z "$found" ] || printf 'Note: chat is still %s, which comes first in your PATH: %s\n' "$found" "$export" ;;
    *) printf 'Add it to your PATH: %s\n' "$export"
      [ -z "$found" ] || printf 'Note: until then, chat is %s, which is another program\n' "$found" ;;
  esac
  command=chat
  if [ -n "$found" ]; then command=lanchat; fi
  if [ -n "$found" ]; then printf 'Where that stays so, as in sudo, call this program lanchat\n'; fi
  printf 'Next: %s serve starts a server, %s help lists the guides\n' "$command" "$command"
  printf 'To uninstall: rm -f %s\n' "$names"
}

main "$@" </dev/null
