import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Blob, BlobStore } from "../../src/io/blob/interfaces.ts";
import type { Answer, RequestFields } from "../../src/wire/messages.ts";
import type { AttachedFile } from "../../src/wire/messages-files.ts";
import { digestOf } from "../wire/digest.ts";
import type { Guest } from "./guest.ts";

export async function channelOf(guest: Guest): Promise<Guest> {
  const { ticket } = await guest.request("ticket", {});
  return channelWith(guest, ticket);
}

/** The main link of each data channel, on which files are posted. */
const mainLinks = new WeakMap<Guest, Guest>();

export async function channelWith(guest: Guest, ticket: string): Promise<Guest> {
  const lane = await guest.site.greeted("10.0.0.3", guest.keys);
  await lane.request("lane", { ticket });
  mainLinks.set(lane, guest);
  return lane;
}

interface PostedFile extends Answer<"post"> {
  readonly to: string;
}

export class TestFile {
  readonly id: FileId;
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
  readonly hashes: readonly Uint8Array[];
  readonly size: number;
  readonly digest: Uint8Array;

  constructor(id: string, size: number, name = `${id}.bin`, whole = pattern(size, id.length)) {
    this.id = `f${id.padEnd(11, "A")}` as FileId;
    this.name = name;
    this.size = size;
    const count = Math.ceil(size / CHUNK_BYTES);
    this.chunks = Array.from({ length: count }, (_, i) =>
      whole.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES),
    );
    this.hashes = this.chunks.map((chunk) => sha256(chunk));
    this.digest = digestOf(this.hashes, sha256);
  }

  static of(id: string, whole: Uint8Array, name: string): TestFile {
    return new TestFile(id, whole.length, name, whole);
  }

  offer(to: readonly string[] = ["lobby"], more: object = {}): RequestFields<"offer"> {
    return { file: this.id, to: [...to], name: this.name, size: this.size, ...more };
  }

  get listed(): AttachedFile {
    const { id: file, size, chunks, digest } = this;
    return { file, size, chunks: chunks.length, digest };
  }

  get finish(): RequestFields<"finish"> {
    return this.listed;
  }

  send(lane: Guest, index: number, wrong: object = {}): void {
    const bytes = this.chunks[index] ?? new Uint8Array(1);
    const hash = this.hashes[index] ?? sha256(bytes);
    lane.notify({ kind: "chunk", file: this.id, index, sha256: hash, bytes, ...wrong });
  }

  sendAll(lane: Guest, from = 0, to = this.chunks.length): void {
    for (let i = from; i < to; i++) this.send(lane, i);
  }

  async pour(lane: Guest, from = 0): Promise<void> {
    const before = lane.all("ack").length;
    for (let i = from; i < this.chunks.length; i += 16) {
      this.sendAll(lane, i, Math.min(i + 16, this.chunks.length));
      await lane.until("ack", before + Math.min(i + 16, this.chunks.length) - from);
    }
  }

  /** Uploads the file and posts it to each target. */
  async upload(
    lane: Guest,
    to: readonly string[] = ["lobby"],
    more: object = {},
  ): Promise<PostedFile[]> {
    await this.begin(lane, to, more);
    return this.end(lane, to);
  }

  /** Uploads the file without a post. */
  async complete(lane: Guest, to?: readonly string[], more?: object): Promise<void> {
    await this.begin(lane, to, more);
    await lane.request("finish", this.finish);
  }

  async begin(lane: Guest, to?: readonly string[], more?: object): Promise<void> {
    const { have } = await lane.request("offer", this.offer(to, more));
    await this.pour(lane, have);
  }

  async end(lane: Guest, to: readonly string[] = ["lobby"]): Promise<PostedFile[]> {
    await lane.request("finish", this.finish);
    const main = mainLinks.get(lane);
    if (main === undefined) throw new Error("not a data channel");
    return this.postTo(main, to);
  }

  /** Repeated posts have the same answers. */
  async postTo(guest: Guest, to: readonly string[] = ["lobby"]): Promise<PostedFile[]> {
    const posted: PostedFile[] = [];
    for (const [index, target] of to.entries()) {
      posted.push({ to: target, ...(await guest.request("post", this.post(target, index + 1))) });
    }
    return posted;
  }

  /** The outbox is the file's own. */
  post(to: string, counter = 1, more: object = {}): RequestFields<"post"> {
    const body = { text: "", files: [this.listed], ...more };
    return { outbox: this.id.slice(1), counter, to, body };
  }
}

export function changedStore(store: BlobStore, changes: Partial<BlobStore>): BlobStore {
  return {
    list: () => store.list(),
    create: (about) => store.create(about),
    open: (file) => store.open(file),
    remove: (file) => store.remove(file),
    freeBytes: () => store.freeBytes(),
    ...changes,
  };
}

export function changedBlobs(store: BlobStore, change: (blob: Blob) => Partial<Blob>): BlobStore {
  const changed = (blob: Blob) => {
    const changes: Partial<Blob> = change(blob);
    return new Proxy<Blob>(blob, {
      get: (target, key) => {
        if (key in changes) return Reflect.get(changes, key);
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  return changedStore(store, {
    create: async (about) => changed(await store.create(about)),
    open: async (file) => {
      const blob = await store.open(file);
      return blob && changed(blob);
    },
  });
}

function pattern(size: number, seed: number): Uint8Array {
  const whole = new Uint8Array(size);
  for (let i = 0; i < size; i++) whole[i] = (i * 31 + (i >> 8) + seed) & 0xff;
  return whole;
}

export function bytesOf(lane: Guest): Uint8Array {
  return new Uint8Array(Buffer.concat(lane.all("chunk").map(({ bytes }) => bytes)));
}

export async function download(
  lane: Guest,
  file: FileId,
  from = 0,
): Promise<{ about: Answer<"fetch">; bytes: Uint8Array }> {
  const before = lane.all("chunk").length;
  const about = await lane.request("fetch", { file, from, window: 1 << 20 });
  let acked = before;
  await lane.site.until("the end of a file", () => {
    const chunks = lane.all("chunk");
    for (; acked < chunks.length; acked++) {
      lane.notify({ kind: "ack", file, index: chunks[acked]?.index ?? 0 });
    }
    return lane.all("end").find((end) => end.file === file);
  });
  const chunks = lane.all("chunk").slice(before);
  return { about, bytes: new Uint8Array(Buffer.concat(chunks.map(({ bytes }) => bytes))) };
}
