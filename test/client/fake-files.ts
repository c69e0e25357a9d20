import { Fault } from "../../src/base/fault.ts";
import { CHUNK_BYTES, SMALL_FILE_BYTES_MAX } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Answer, NoticeOf, Request, RequestOf } from "../../src/wire/messages.ts";
import { digestOf } from "../wire/digest.ts";
import type { FakePeer } from "./fake-server.ts";

interface StoredFile {
  readonly chunk: Uint8Array;
  readonly sha256: Uint8Array;
}

interface FakeFile {
  readonly offer: Omit<RequestOf<"offer">, "kind" | "ref">;
  chunks: StoredFile[];
  durable: number;
  digest: Uint8Array | undefined;
}

type SmallContent = NonNullable<Answer<"fetch-small">["content"]>;
type Own = NoticeOf<"ack"> | NoticeOf<"durable">;

interface FakeChannel {
  readonly file: string;
  readonly isFetch: boolean;
  next: number;
  inFlight: number;
  windowChunks: number;
  isEnded: boolean;
}

export class FakeFiles {
  readonly files = new Map<string, FakeFile>();
  readonly withdrawn: string[] = [];
  readonly downloads: string[] = [];
  readonly begun: number[] = [];
  readonly received: number[] = [];
  /** False for a server of version 0.2. */
  sendsPrefixes = true;
  windowChunks = 4;
  onSmall: (content: SmallContent) => SmallContent = (content) => content;
  /** False for a server that does not know `keep`. */
  dropsChanged = true;
  syncChunks = 2;
  onSend: (chunk: NoticeOf<"chunk">) => NoticeOf<"chunk"> | undefined = (chunk) => chunk;
  onEnd: (end: NoticeOf<"end">) => NoticeOf<"end"> = (end) => end;
  onOwn: (notice: Own) => Own = (notice) => notice;
  onChunk: (chunk: NoticeOf<"chunk">) => void = () => {};
  readonly #channels = new Map<FakePeer, FakeChannel>();

  put(file: string, bytes: Uint8Array, isWhole = true): void {
    const chunks: StoredFile[] = [];
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.slice(at, at + CHUNK_BYTES);
      chunks.push({ chunk, sha256: sha256(chunk) });
    }
    const digest = isWhole
      ? digestOf(
          chunks.map((one) => one.sha256),
          sha256,
        )
      : undefined;
    const known = isWhole ? { size: bytes.length } : {};
    const offer = { file, to: ["lobby"], name: "a.bin", ...known };
    this.files.set(file, { offer, chunks, durable: chunks.length, digest });
    for (const [peer, lane] of this.#channels)
      if (lane.isFetch && lane.file === file) this.#pump(peer);
  }

  crash(): void {
    for (const one of this.files.values()) one.chunks.length = one.durable;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  closed(peer: FakePeer): void {
    this.#channels.delete(peer);
  }

  serve(peer: FakePeer, request: Request): boolean {
    switch (request.kind) {
      case "put":
        return this.#put(peer, request);
      case "fetch-small":
        return this.#fetchSmall(peer, request);
      case "ticket":
        peer.answer<"ticket">(request.ref, { ticket: "t" });
        return true;
      case "lane":
        peer.answer<"lane">(request.ref, {});
        return true;
      case "offer":
        this.#offer(peer, request);
        return true;
      case "finish":
        this.#finish(peer, request);
        return true;
      case "withdraw":
        if (!this.files.delete(request.file)) throw new Fault("file-unknown", "no such file");
        this.withdrawn.push(request.file);
        peer.answer<"withdraw">(request.ref, {});
        return true;
      case "fetch":
        this.#fetch(peer, request);
        return true;
      case "got":
        this.downloads.push(request.file);
        peer.answer<"got">(request.ref, {});
        return true;
      default:
        return false;
    }
  }

  notice(peer: FakePeer, notice: NoticeOf<"chunk"> | NoticeOf<"ack">): void {
    const lane = this.#channels.get(peer);
    if (lane === undefined) return;
    if (notice.kind === "chunk") return this.#chunk(peer, notice);
    lane.inFlight -= 1;
    this.#pump(peer);
  }

  #put(peer: FakePeer, request: RequestOf<"put">): boolean {
    const { ref, file, to, name, sha256: hash, bytes } = request;
    const chunks = bytes.length === 0 ? [] : [{ chunk: bytes.slice(), sha256: hash.slice() }];
    const hashes = chunks.map((one) => one.sha256);
    const offer = { file, to, name, size: bytes.length };
    const digest = digestOf(hashes, sha256);
    this.files.set(file, { offer, chunks, durable: chunks.length, digest });
    peer.answer<"put">(ref, {});
    return true;
  }

  #fetchSmall(peer: FakePeer, { ref, file }: RequestOf<"fetch-small">): boolean {
    const known = this.files.get(file);
    if (known === undefined) throw new Fault("file-unknown", "there is no such file for you");
    const { offer, chunks, digest } = known;
    const size = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    const isSmall = digest !== undefined && size <= SMALL_FILE_BYTES_MAX;
    const about = { name: offer.name, from: "bob", size, digest };
    const [{ chunk: bytes, sha256: hash } = { chunk: new Uint8Array(), sha256: undefined }] =
      chunks;
    const content = isSmall ? this.onSmall({ ...about, sha256: hash, bytes }) : undefined;
    peer.answer<"fetch-small">(ref, { content });
    return true;
  }

  #offer(peer: FakePeer, request: RequestOf<"offer">): void {
    const { kind: _, ref, ...offer } = request;
    const { file } = offer;
    if ([...this.#channels.values()].some((lane) => lane.file === file && !lane.isFetch)) {
      throw new Fault("too-many", "it is on its way", { retryAfterMs: 1_000 });
    }
    const known = this.files.get(file) ?? { offer, chunks: [], durable: 0, digest: undefined };
    this.files.set(file, known);
    if (this.dropsChanged && offer.keep !== undefined && offer.keep < known.chunks.length)
      known.chunks.length = offer.keep;
    known.durable = known.chunks.length;
    this.begun.push(known.durable);
    this.#enter(peer, file, false, known.durable, this.windowChunks);
    peer.answer<"offer">(ref, { have: known.durable, window: this.windowChunks * CHUNK_BYTES });
  }

  #chunk(peer: FakePeer, chunk: NoticeOf<"chunk">): void {
    const { file, index, bytes } = chunk;
    const known = this.files.get(file);
    if (known === undefined) return peer.close(new Fault("file-unknown", "it is gone"));
    try {
      this.onChunk(chunk);
      if (index !== known.chunks.length) throw new Fault("out-of-order", `chunk ${index}`);
      if (!Buffer.from(sha256(bytes)).equals(chunk.sha256)) {
        throw new Fault("checksum-wrong", `the checksum of chunk ${index} is wrong`);
      }
    } catch (error) {
      if (error instanceof Fault) return peer.close(error);
      throw error;
    }
    this.received.push(index);
    known.chunks.push({ chunk: bytes.slice(), sha256: chunk.sha256.slice() });
    peer.tell(this.onOwn({ kind: "ack", file, index }));
    if (known.chunks.length % this.syncChunks === 0) this.#sync(peer, file, known);
  }

  #sync(peer: FakePeer, file: string, known: FakeFile): void {
    known.durable = known.chunks.length;
    peer.tell({ kind: "durable", file, upTo: known.durable });
  }

  #finish(peer: FakePeer, request: RequestOf<"finish">): void {
    const { ref, file, size, chunks, digest } = request;
    const known = this.files.get(file);
    if (known === undefined) throw new Fault("file-unknown", "no such file");
    const ours = digestOf(
      known.chunks.map((one) => one.sha256),
      sha256,
    );
    const sizeBytes = known.chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (!Buffer.from(ours).equals(digest) || sizeBytes !== size || known.chunks.length !== chunks) {
      throw new Fault("checksum-wrong", "this is not what was sent");
    }
    this.#sync(peer, file, known);
    known.digest = ours;
    peer.answer<"finish">(ref, {});
  }

  #fetch(peer: FakePeer, request: RequestOf<"fetch">): void {
    const { ref, file, from, window, prefix = false } = request;
    const known = this.files.get(file);
    if (known === undefined) throw new Fault("file-unknown", "there is no such file for you");
    const isWhole = known.digest !== undefined;
    if (isWhole && from > known.chunks.length) throw new Fault("usage", "it is not that long");
    this.begun.push(from);
    this.#enter(peer, file, true, from, Math.min(window / CHUNK_BYTES, this.windowChunks));
    const { name, size } = known.offer;
    peer.answer<"fetch">(ref, {
      name,
      from: "bob",
      ...(size === undefined ? {} : { size }),
      ...(known.digest === undefined ? {} : { digest: known.digest }),
    });
    if (prefix && this.sendsPrefixes) {
      const hashes = known.chunks.slice(0, from).map((one) => one.sha256);
      peer.tell({ kind: "prefix", file, chunks: from, digest: digestOf(hashes, sha256) });
    }
    this.#pump(peer);
  }

  #enter(peer: FakePeer, file: string, isFetch: boolean, next: number, windowChunks: number): void {
    this.#channels.set(peer, { file, isFetch, next, inFlight: 0, windowChunks, isEnded: false });
  }

  #pump(peer: FakePeer): void {
    const lane = this.#channels.get(peer);
    const known = lane === undefined ? undefined : this.files.get(lane.file);
    if (lane === undefined || known === undefined || lane.isEnded) return;
    const { file } = lane;
    while (lane.inFlight < lane.windowChunks && lane.next < known.chunks.length) {
      const index = lane.next++;
      const one = known.chunks[index];
      if (one === undefined) return;
      lane.inFlight += 1;
      const { chunk: bytes, sha256: hash } = one;
      const sent = this.onSend({ kind: "chunk", file, index, sha256: hash, bytes });
      if (sent === undefined) return;
      peer.tell(sent);
    }
    if (lane.next < known.chunks.length) return;
    if (known.digest === undefined) return peer.tell({ kind: "held", file, where: "sender" });
    lane.isEnded = true;
    const size = known.chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    const chunks = known.chunks.length;
    peer.tell(this.onEnd({ kind: "end", file, size, chunks, digest: known.digest }));
  }
}
