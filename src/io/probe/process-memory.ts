/** Memory usage of this process. */

export interface ProcessMemory {
  readonly residentBytes: number;
  readonly heapBytes: number;
}

/** Returns the previous values if the system refuses to read (EMFILE). */
export class MemoryProbe {
  readonly #read: () => NodeJS.MemoryUsage;
  #last: ProcessMemory = { residentBytes: 0, heapBytes: 0 };

  constructor(read: () => NodeJS.MemoryUsage = process.memoryUsage) {
    this.#read = read;
  }

  read(): ProcessMemory {
    try {
      const { rss, heapUsed } = this.#read();
      this.#last = { residentBytes: rss, heapBytes: heapUsed };
    } catch {
      // Bun reads /proc, which fails if no descriptor is free.
    }
    return this.#last;
  }
}
