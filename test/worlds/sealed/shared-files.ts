import { equalBytes } from "../../../src/base/bytes.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { MemorySink } from "../../../src/client/files/memory-sink.ts";
import type { PreviewContent } from "../../../src/client/files/transfers.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { filesIn } from "../../../src/core/rooms/files.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Source } from "../../../src/io/blob/interfaces.ts";
import { parseBody } from "../../../src/wire/record.ts";
import { check } from "../reference-model.ts";
import { SeededRandom } from "../seeded-random.ts";
import { CANARY, type SealedMember } from "./device.ts";
import type { SealedWorld } from "./world.ts";

const CONTENT_BYTES_MAX = 1 << 20;
const FILES = 2;

/** A message with files, which its sender repeats after a crash until it is posted. */
export interface SharedMessage {
  readonly target: string;
  readonly text: string;
  readonly files: readonly SharedFile[];
}

interface SharedFile {
  readonly source: Source;
  readonly preview: PreviewContent | undefined;
}

export interface DownloadCheck {
  readonly file: FileId;
  readonly name: string;
  readonly isView?: true;
}

/**
 * Messages with files and previews, in some worlds. Has a random generator of its own, so that
 * worlds without files do not depend on it.
 */
export class SharedFiles {
  readonly #random: SeededRandom;
  readonly #world: SealedWorld;
  readonly #exist: boolean;
  /** False after a restore of the server, which may have lost the first attempt or not. */
  repeats = true;
  #messages = 0;

  /** @param probability that messages with files are posted */
  constructor(seed: number, world: SealedWorld, probability: number) {
    this.#random = new SeededRandom(seed ^ 0xf11e5);
    this.#world = world;
    this.#exist = this.#random.chance(probability);
  }

  /** Sometimes sends files, repeats a command that a crash ended, or erases a message. */
  step(): void {
    const random = this.#random;
    if (!this.#exist || !random.chance(0.2)) return;
    const member = random.pick(this.#world.members);
    const rooms = member.client.rooms.filter(({ isSealed }) => isSealed);
    if (!member.isRunning || rooms.length === 0) return;
    const room = random.pick(rooms);
    const target = room.kind === "person" ? `@${room.name}` : room.name;
    const [interrupted] = member.home.interrupted;
    if (random.chance(0.2)) return this.#erase(member);
    if (interrupted !== undefined && this.repeats) return member.sendFiles(interrupted);
    member.sendFiles(this.message(target, member));
  }

  message(target: string, { name }: SealedMember): SharedMessage {
    const random = this.#random;
    const number = this.#messages++;
    const files = Array.from({ length: FILES }, (_, index) => {
      const file = `${CANARY}-${name}-${number}-${index}`;
      const sizeBytes = random.chance(0.15) ? 300_000 : random.int(500);
      const bytes = contentOf(`${file}.p`, 1 + random.int(500));
      const preview = random.chance(0.4) ? { bytes, width: 8, height: 6 } : undefined;
      return { source: sourceOf(file, sizeBytes), preview };
    });
    return { target, text: `${CANARY} files ${name} ${number}`, files };
  }

  #erase(member: SealedMember): void {
    const { home } = member;
    const own = [...home.shown.values()].filter(
      ({ kind, from }) => kind === "file" && from === home.user,
    );
    if (own.length === 0) return;
    const { seq } = this.#random.pick(own);
    member.ask(`erase files of ${seq}`, (_, client) => client.request("erase", { seq }));
  }

  /** Each device downloads the files of all messages that it has read and that are not erased. */
  async check(active: readonly SealedMember[]): Promise<void> {
    if (!this.#exist) return;
    for (const member of active) {
      const messages = [...member.home.shown.values()].filter(
        ({ kind, sealed, seq, room, body }) =>
          kind === "file" &&
          sealed === "open" &&
          seq > member.home.lostAt &&
          !this.#world.wasErased(seq) &&
          filesIn(body).every(({ file }) => this.#isListed(file)) &&
          member.client.rooms.some(({ id }) => id === room.id),
      );
      for (const message of messages) await this.checkMessage(member, message);
    }
  }

  /** False if the server has lost or erased the file, but not the message that describes it. */
  #isListed(file: FileId): boolean {
    const { model } = this.#world;
    return model.records.some(
      (record) =>
        !model.isErased(record.head.seq) &&
        filesIn(parseBody(record)).some((listed) => listed.file === file),
    );
  }

  async checkMessage(member: SealedMember, { body }: ChatRecord): Promise<void> {
    for (const { file, name, preview } of filesIn(body)) {
      await this.#download(member, { file, name });
      if (preview === undefined) continue;
      await this.#download(member, { file: preview.file, name, isView: true });
    }
  }

  async #download(member: SealedMember, { file, name, isView }: DownloadCheck): Promise<void> {
    const what = `download ${name}`;
    let isDone = false;
    const downloading = member.attempt(what, async (_, { transfers }) => {
      const sink = new MemorySink(CONTENT_BYTES_MAX, sha256);
      const openSink = () => Promise.resolve(sink);
      const triesSmall = this.#random.chance(0.5);
      const got = await transfers.get({ file, into: "", openSink, triesSmall, isView });
      const bytes = sink.bytes();
      const content = contentOf(isView ? `${name}.p` : name, bytes.length);
      check(got.name === name, () => `${member.name} downloads ${name} as ${got.name}`);
      check(equalBytes(bytes, content), () => `${member.name} has wrong bytes of ${name}`);
    });
    downloading.then((fault) => {
      isDone = true;
      check(fault === undefined, () => `${what} by ${member.name}: ${fault?.code} ${fault}`);
    }, this.#world.fail);
    await this.#world.until(what, () => isDone);
  }
}

function sourceOf(name: string, sizeBytes: number): Source {
  const bytes = contentOf(name, sizeBytes);
  const [path, stamp] = [`/home/${name}`, "1"];
  const read = (index: number) => {
    const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    return Promise.resolve(chunk.length === 0 ? undefined : new Uint8Array(chunk));
  };
  const nothing = () => undefined;
  return { name, path, stamp, sizeBytes, skipped: [], read, release: nothing, close: nothing };
}

function contentOf(name: string, sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).map((_, at) => name.charCodeAt(at % name.length));
}
