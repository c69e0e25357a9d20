import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import type { DownloadSinkOptions } from "../../src/client/files/download.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type {
  ChunkRange,
  FolderSize,
  Sink,
  Source,
  StampMatch,
} from "../../src/io/blob/interfaces.ts";
import type { FileDetails } from "../../src/wire/file-details.ts";
import { digestOf } from "../wire/digest.ts";

export function content(sizeBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const data32 = new Uint32Array(bytes.buffer, 0, sizeBytes >> 2);
  for (let i = 0; i < data32.length; i++) data32[i] = Math.imul(i ^ (seed << 20), 2_654_435_761);
  if (sizeBytes > 0) bytes[sizeBytes - 1] = seed;
  return bytes;
}

export function wholeChunks(count: number, seed?: number): Uint8Array {
  return content(count * CHUNK_BYTES, seed);
}

export function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / CHUNK_BYTES);
  const chunk = (_: unknown, i: number) => bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
  return Array.from({ length: count }, chunk);
}

export function digestHex(bytes: Uint8Array): string {
  return digestOf(
    chunksOf(bytes).map((chunk) => sha256(chunk)),
    sha256,
  ).toHex();
}

export class MemorySource implements Source {
  readonly name: string;
  readonly skipped = [];
  readonly path?: string;
  readonly stamp?: string;
  readonly details?: FileDetails;
  readonly folder?: FolderSize;
  sizeBytes: number | undefined;
  bytes: Uint8Array;
  readonly reads: number[] = [];
  readonly released: number[] = [];
  onRead: (index: number) => Promise<void> | void = () => {};
  isChanged = false;
  /** Set by `touch`. */
  unproven: ChunkRange | undefined;
  provenCount = 0;
  matchStamp = (stored: string): StampMatch => (stored === this.stamp ? "same" : "other");

  constructor(
    bytes: Uint8Array,
    { name = "a.bin", path = "/home/ana/a.bin", stamp = "1", ...more }: Partial<Source> = {},
  ) {
    this.name = name;
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
    if (more.details !== undefined) this.details = more.details;
    if (more.folder !== undefined) this.folder = more.folder;
    if (path === "") return;
    this.path = path;
    this.stamp = stamp;
  }

  static stream(bytes: Uint8Array): MemorySource {
    const source = new MemorySource(bytes, { path: "" });
    source.sizeBytes = undefined;
    return source;
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    await this.onRead(index);
    const forgotten = this.path === undefined ? Math.max(0, ...this.released) : 0;
    if (index < forgotten) throw new Error(`chunk ${index} was released`);
    const bytes = this.bytes.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    if (bytes.length === 0) {
      this.sizeBytes ??= this.bytes.length;
      return undefined;
    }
    this.reads.push(index);
    return bytes;
  }

  /** Changes the content, or only its times. */
  touch(bytes = this.bytes): void {
    this.bytes = bytes;
    this.unproven = { from: 0, end: chunksOf(bytes).length };
  }

  proven(): void {
    this.provenCount += 1;
    this.unproven = undefined;
  }

  release(upTo: number): void {
    this.released.push(upTo);
  }

  async end(): Promise<void> {
    if (this.isChanged) throw new Fault("file-changed", `'${this.name}' has changed`);
  }

  close(): void {}
}

export class MemoryFolder {
  readonly parts = new Map<string, { chunk: Uint8Array; sha256: Uint8Array }[]>();
  readonly files = new Map<string, Uint8Array>();
  readonly opened: DownloadSinkOptions[] = [];
  restarts = 0;
  onAppend: (index: number) => Promise<void> | void = () => {};

  failAt(chunk: number): void {
    this.onAppend = (index) => {
      if (index === chunk) throw new Fault("store-full", "the disk is full");
    };
  }

  readonly open = async (about: DownloadSinkOptions): Promise<MemorySink> => {
    this.opened.push(about);
    return new MemorySink(this, about);
  };
}

class MemorySink implements Sink {
  readonly have: number;
  readonly #folder: MemoryFolder;
  readonly #about: DownloadSinkOptions;
  #chunks: { chunk: Uint8Array; sha256: Uint8Array }[];
  #isClosed = false;

  constructor(folder: MemoryFolder, about: DownloadSinkOptions) {
    this.#folder = folder;
    this.#about = about;
    this.#chunks = [...(folder.parts.get(about.file) ?? [])];
    this.have = this.#chunks.length;
  }

  get sizeBytes(): number {
    return this.#chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
  }

  async append(hash: Uint8Array, chunk: Uint8Array): Promise<void> {
    this.#check();
    await this.#folder.onAppend(this.#chunks.length);
    this.#check();
    this.#chunks.push({ chunk: chunk.slice(), sha256: hash.slice() });
  }

  async sync(): Promise<void> {
    this.#check();
    this.#folder.parts.set(this.#about.file, [...this.#chunks]);
  }

  digest(): Uint8Array {
    return this.digestOf(this.#chunks.length);
  }

  digestOf(chunks: number): Uint8Array {
    return digestOf(
      this.#chunks.slice(0, chunks).map(({ sha256: hash }) => hash),
      sha256,
    );
  }

  truncate(chunks: number): void {
    this.#chunks.length = chunks;
  }

  async finish(): Promise<string> {
    this.#check();
    const { name, file } = this.#about;
    this.#folder.files.set(name, Buffer.concat(this.#chunks.map(({ chunk }) => chunk)));
    this.#folder.parts.delete(file);
    return `/in/${name}`;
  }

  async restart(): Promise<void> {
    this.#check();
    this.#folder.restarts += 1;
    this.#chunks = [];
    this.#folder.parts.delete(this.#about.file);
  }

  close(): void {
    this.#isClosed = true;
  }

  #check(): void {
    if (this.#isClosed) throw new Error("the sink is closed");
  }
}
