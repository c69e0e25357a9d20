/** What both ends of the bare prototype know: a checksum, and then the chunk. */
export const CHUNK_BYTES = 256 * 1024;
export const HASH_BYTES = 32;
/** Chunks that are not acknowledged: four to sixteen are alike over loopback. */
export const WINDOW_CHUNKS = 8;
/** Between two syncs. */
export const SYNC_CHUNKS = 64;
