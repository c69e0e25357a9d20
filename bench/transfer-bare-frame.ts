/** Frame of the bare prototype: a checksum followed by the chunk. */
export const CHUNK_BYTES = 256 * 1024;
export const HASH_BYTES = 32;
/** Values from 4 to 16 are equally fast over loopback. */
export const WINDOW_CHUNKS = 8;
export const SYNC_CHUNKS = 64;
