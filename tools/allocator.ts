import { totalmem } from "node:os";

/** A worker of the tests grows to 2.5 GB if its allocator keeps freed pages. */
const MEMORY_BYTES_MIN = 8e9;

/**
 * Environment of `bun test` that makes Bun's allocator keep freed pages. Returning them to the
 * system and faulting them in again takes a third of the CPU time of the tests.
 */
export const ALLOCATOR: Readonly<Record<string, string>> =
  totalmem() < MEMORY_BYTES_MIN ? {} : { MIMALLOC_PURGE_DELAY: "-1" };
