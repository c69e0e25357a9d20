/** Permission bits of files and folders: what a sender names, and what a receiver sets. */

export const PERMISSIONS = 0o777;

type Kind = "file" | "folder";

const WINDOWS_FOLDER = 0o755;
const WINDOWS_FILE = 0o644;
const WRITERS = 0o222;
const READERS = 0o444;

/**
 * Mode that a sender names. Windows has no modes: the runtime reports 0666 there, or 0444 for a
 * read-only entry, even for folders. The read-only attribute of a folder does not protect its
 * entries, so it is not sent.
 */
export function sentMode(mode: number, kind: Kind, platform: NodeJS.Platform): number {
  if (platform !== "win32") return mode & PERMISSIONS;
  if (kind === "folder") return WINDOWS_FOLDER;
  return (mode & WRITERS) === 0 ? WINDOWS_FILE & ~WRITERS : WINDOWS_FILE;
}

/**
 * Mode of a received entry, before the umask. Its owner can read it, and also enter and change a
 * folder, whatever the sender names. All readers of a folder may enter it.
 */
export function receivedMode(mode: number, kind: Kind): number {
  if (kind === "file") return mode | 0o400;
  return mode | 0o700 | ((mode & READERS) >> 2);
}
