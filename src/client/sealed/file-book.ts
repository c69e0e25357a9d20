import { fromBase64Url, toBase64Url, toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import { OUTBOX_KEEP_MS, UPLOAD_KEEP_MS } from "../../base/limits.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSame } from "../../core/model/item.ts";
import { fileBodyOf } from "../../core/rooms/files.ts";
import { type FileSecret, makeFileSecret } from "../../crypto/seal/file-stream.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import { readSealedFile, type SealedFile } from "./file-body.ts";
import type { RoomAt, RoomStates } from "./room-state.ts";
import {
  allUploads,
  fileAtKey,
  fileKey,
  type SaidRow,
  type SealedFileRow,
  type SealedUploadRow,
  saidKey,
  uploadKey,
} from "./rows.ts";
import type { Vault } from "./vault.ts";

/** Files that one account sends at once, or was interrupted at, and has not told their rooms of. */
const SEALED_UPLOADS_MAX = 1_000;

/** Which file a record of the server is of. */
interface FileAtRow {
  readonly file: FileId;
  readonly room: RoomId;
}

/** A file as this device knows it from a sealed room. */
export interface KnownFile extends SealedFile {
  /** Who said what it is. */
  readonly from: string;
}

/** A room that is not told yet what a file is. */
export interface UnsaidFile {
  readonly file: FileId;
  readonly target: string;
}

/**
 * Files of sealed rooms, in a device's store: the secrets of those that it sends, from before the
 * first byte goes out until the rooms were told, and where it read what the others are.
 */
export class FileBook {
  readonly #states: RoomStates;
  readonly #unixMs: () => number;

  constructor(states: RoomStates, unixMs: () => number) {
    this.#states = states;
    this.#unixMs = unixMs;
  }

  /** Files that this device has a secret for, to go on with. Forgets what is too old for that. */
  uploads(): Promise<ReadonlySet<string>> {
    return this.#states.transact(async (vault) => {
      const ageMs = ({ begunUnixMs }: SealedUploadRow) => this.#unixMs() - begunUnixMs;
      const files = new Set<string>();
      for (const { key, value } of await vault.list<SealedUploadRow>(
        allUploads(SEALED_UPLOADS_MAX),
      )) {
        const keepMs = value.recorded.length === 0 ? UPLOAD_KEEP_MS : OUTBOX_KEEP_MS;
        if (ageMs(value) > keepMs) await vault.delete(key);
        else files.add(key.slice(key.indexOf("/") + 1));
      }
      return files;
    });
  }

  /** The same one for the same file, in each run. @param rooms their targets, by id */
  secretOf(file: FileId, rooms: Readonly<Record<string, string>>): Promise<FileSecret> {
    return this.#states.transact(async (vault) => {
      const known = await vault.get<SealedUploadRow>(uploadKey(file));
      if (known !== undefined) return secretIn(known);
      const secret = makeFileSecret();
      const row: SealedUploadRow = {
        key: toBase64Url(secret.key),
        prefix: toBase64Url(secret.prefix),
        begunUnixMs: this.#unixMs(),
        rooms,
        recorded: [],
        posts: {},
      };
      await vault.put(uploadKey(file), row);
      return secret;
    });
  }

  /** What is to be said of it, once the server has recorded it. */
  described(file: FileId, bodyOf: (secret: FileSecret) => unknown): Promise<void> {
    return this.#states.transact(async (vault) => {
      const row = await vault.get<SealedUploadRow>(uploadKey(file));
      if (row === undefined) return; // Another process has said it.
      await vault.put(uploadKey(file), { ...row, body: bodyOf(secretIn(row)) });
    });
  }

  /** These rooms are not to be told. */
  refused(file: FileId, targets: readonly string[]): Promise<void> {
    return this.#states.transact(async (vault) => {
      const row = await vault.get<SealedUploadRow>(uploadKey(file));
      if (row === undefined) return;
      const left = Object.entries(row.rooms).filter(([, target]) => !targets.includes(target));
      await vault.put(uploadKey(file), { ...row, rooms: Object.fromEntries(left) });
    });
  }

  /** All rooms were told, and the command that sent it knows that. */
  forget(file: FileId): Promise<void> {
    return this.#states.transact((vault) => vault.delete(uploadKey(file)));
  }

  /** Where the server has a file of this device, and nobody was told what it is. */
  unsaid(): Promise<readonly UnsaidFile[]> {
    return this.#states.transact(async (vault) => {
      const unsaid: UnsaidFile[] = [];
      for (const { key, value } of await vault.list<SealedUploadRow>(
        allUploads(SEALED_UPLOADS_MAX),
      )) {
        const file = key.slice(key.indexOf("/") + 1) as FileId;
        if (value.body === undefined) continue;
        for (const room of value.recorded) {
          const target = value.rooms[room];
          if (target !== undefined && value.posts[room] === undefined)
            unsaid.push({ file, target });
        }
      }
      return unsaid;
    });
  }

  /** What the message of a post says that is to tell a room of a file. @throws Fault already-… */
  async toSay({ vault, room }: RoomAt, post: string, file: FileId): Promise<unknown> {
    const row = await vault.get<SealedUploadRow>(uploadKey(file));
    if (row?.body === undefined || row.rooms[room] === undefined) throw wasSaid();
    const by = row.posts[room];
    if (by !== undefined && by !== post) throw wasSaid();
    if (by === undefined) {
      await vault.put(uploadKey(file), { ...row, posts: { ...row.posts, [room]: post } });
    }
    return row.body;
  }

  /** The server has recorded a file in a room. */
  async recorded(
    { vault, room }: RoomAt,
    { seq, from = "", body = {} }: ChatRecord,
  ): Promise<void> {
    const told = fileBodyOf(body);
    if (told?.name !== SEALED_FILE_NAME) return;
    const { file, digest: root } = told;
    const row = (await vault.find<SealedFileRow>(fileKey(file))) ?? NOTHING;
    // The first counts: a server that tells another content later changes nothing.
    if (row.records[room] === undefined) {
      const records = { ...row.records, [room]: { seq, root, from } };
      await vault.put(fileKey(file), { ...row, records });
      await vault.put(fileAtKey(seq), { file, room } satisfies FileAtRow);
    }
    const upload = await vault.find<SealedUploadRow>(uploadKey(file));
    if (upload === undefined || upload.recorded.includes(room)) return;
    await vault.put(uploadKey(file), { ...upload, recorded: [...upload.recorded, room] });
  }

  /**
   * Whether a message may say this of a file: of another content it may not, and not again, unless
   * it is the sender of the file who says it after somebody else.
   */
  async mayBe({ vault, room }: RoomAt, about: SealedFile, sender: string): Promise<boolean> {
    const row = await vault.find<SealedFileRow>(fileKey(about.file));
    const record = row?.records[room];
    if (row === undefined || record === undefined) return true; // It was erased before this.
    if (record.root !== toHex(about.root)) return false;
    const before = row.said[room];
    if (before === undefined) return true;
    const known = await readSaid(vault, room, before);
    return isSame(record.from, sender) && !isSame(record.from, known?.from);
  }

  /** A message of the room says what it is. */
  async said({ vault, room }: RoomAt, seq: number, file: FileId): Promise<void> {
    const row = (await vault.find<SealedFileRow>(fileKey(file))) ?? NOTHING;
    await vault.put(fileKey(file), { ...row, said: { ...row.said, [room]: seq } });
    const upload = await vault.find<SealedUploadRow>(uploadKey(file));
    if (upload === undefined) return;
    const { [room]: _told, ...rooms } = upload.rooms;
    await vault.put(uploadKey(file), { ...upload, rooms });
  }

  /**
   * `sealed`: it is in a sealed room, and this device has not read what it is.
   * @throws Fault file-unknown: what it was is erased
   */
  find(file: FileId): Promise<KnownFile | "sealed" | undefined> {
    return this.#states.transact(async (vault) => {
      const row = await vault.find<SealedFileRow>(fileKey(file));
      if (row === undefined) return undefined;
      const said = Object.entries(row.said);
      for (const [room, seq] of said) {
        const known = await readSaid(vault, room as RoomId, seq);
        if (known !== undefined) return known;
      }
      if (said.length === 0) return "sealed";
      throw new Fault("file-unknown", msg`there is no file ${file}: it was erased`);
    });
  }

  /** The message by which the room was told of it. */
  saidAt(file: FileId, room: RoomId): Promise<number | undefined> {
    return this.#states.transact(async (vault) => {
      return (await vault.find<SealedFileRow>(fileKey(file)))?.said[room];
    });
  }

  /** Whether it is the server's record of a sealed file. */
  async isCarrier(vault: Vault, { state, body, seq }: ChatRecord): Promise<boolean> {
    if (state === "whole") return body?.["name"] === SEALED_FILE_NAME;
    return (await vault.find<FileAtRow>(fileAtKey(seq))) !== undefined;
  }

  /**
   * What belongs to a record that is to be erased: to a message the server's record of the file,
   * and the other way round. @returns its seq
   */
  partnerOf(seq: number, rooms: readonly RoomId[]): Promise<number | undefined> {
    return this.#states.transact(async (vault) => {
      const at = await vault.find<FileAtRow>(fileAtKey(seq));
      if (at !== undefined) {
        return (await vault.find<SealedFileRow>(fileKey(at.file)))?.said[at.room];
      }
      for (const room of rooms) {
        const known = await readSaid(vault, room, seq);
        if (known === undefined) continue;
        const row = await vault.find<SealedFileRow>(fileKey(known.file));
        // Of a message that named somebody else's file nothing more is erased.
        return row?.said[room] === seq ? row.records[room]?.seq : undefined;
      }
      return undefined;
    });
  }
}

const NOTHING: SealedFileRow = { records: {}, said: {} };

async function readSaid(vault: Vault, room: RoomId, seq: number): Promise<KnownFile | undefined> {
  const said = await vault.find<SaidRow>(saidKey(room, seq));
  if (said?.kind !== "said") return undefined;
  const about = readSealedFile(said.body as Readonly<Record<string, unknown>>);
  return about === undefined ? undefined : { ...about, from: said.user };
}

function secretIn({ key, prefix }: SealedUploadRow): FileSecret {
  return { key: fromBase64Url(key), prefix: fromBase64Url(prefix) };
}

function wasSaid(): Fault {
  return new Fault("seal-refused", msg`the room was told of this file already`, {
    remedy: msg`look for it there: /files`,
  });
}
