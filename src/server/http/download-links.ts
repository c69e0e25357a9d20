/** HTTP downloads at unguessable addresses, each valid for one file and one session or account. */

import { equalBytes, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { type FileId, fileId, ID_BYTES, type RoomId, type UserId } from "../../base/ids.ts";
import {
  DATA_CHANNELS_PER_ACCOUNT_MAX,
  PAGE_BYTES_MAX,
  PAGE_RECORDS_MAX,
} from "../../base/limits.ts";
import {
  ARCHIVES_PER_ACCOUNT_MAX,
  CONCURRENT_ARCHIVES_MAX,
  CONCURRENT_HTTP_DOWNLOADS_MAX,
  DOWNLOAD_FIRST_MS,
} from "../../base/limits-page.ts";
import { checkName, type Name } from "../../base/names.ts";
import { DAY_MS, formatUtc } from "../../base/time.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type FileEntry, isPrivateFile } from "../../core/rooms/files.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { requireCollector } from "../../core/rooms/targets.ts";
import { fileLinkKeyOf, fileLinkMac } from "../../crypto/file-link.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Blob } from "../../io/blob/interfaces.ts";
import type { Address } from "../../io/link/link.ts";
import { bodyOf } from "../../wire/record.ts";
import type { Bans } from "../auth/bans.ts";
import { newToken, sameSecret } from "../auth/secrets.ts";
import type { FileService } from "../files/file-service.ts";
import { damagedFile, readStored, unknownFile } from "../files/offer-checks.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DataChannel } from "../session/connection-state.ts";
import { collectedFolder, type HandedPart } from "./collected.ts";
import { CollectedBlob, type CollectedFile } from "./collected-blob.ts";
import { fileResponse, type WebFile } from "./file-response.ts";
import { ZipLists } from "./zip-stream.ts";

/** All texts of an archive are in memory before its first byte is sent. */
const COLLECTED_TEXT_BYTES_MAX = 32 * 1024 * 1024;
const DOWNLOADS_PER_SESSION_MAX = 256;

interface WebDownloadsOptions extends ServerContext {
  readonly bans: Pick<Bans, "isBanned">;
  readonly files: Pick<FileService, "open" | "countSent" | "reportFault">;
}

interface DownloadLink {
  /** `undefined` for a link of an account, which needs no session. */
  readonly parent: ClientConnection | undefined;
  readonly account: Account;
  readonly file: FileId;
  isRevoked: boolean;
}

interface CollectionLink {
  readonly token: string;
  readonly parent: ClientConnection;
  readonly account: Account;
  readonly room: Room;
  readonly expiresAt: number;
  isRevoked: boolean;
}

interface SessionLink extends DownloadLink {
  readonly parent: ClientConnection;
  expiresAt: number;
}

export interface WebDownload extends Pick<DownloadLink, "parent"> {
  readonly account: Account;
  readonly file: FileId;
  readonly name: string | undefined;
  readonly address: Address;
  readonly sinceMs: number;
  readonly sizeBytes: number;
  doneBytes: number;
  readonly isArchive: boolean;
  /** The data channel counts the bytes that it sends. */
  readonly isOnChannel?: boolean;
  isCancelled: boolean;
}

const BUSY_MS = 1_000;

export class WebDownloads {
  readonly #links = new Map<string, SessionLink>();
  readonly #tokensOf = new Map<ClientConnection, Set<string>>();
  readonly #active = new Set<WebDownload>();
  readonly #collections = new Map<ClientConnection, CollectionLink>();
  readonly #zipLists = new ZipLists();
  readonly #accountLinks;
  #isStopping = false;

  constructor(private readonly options: WebDownloadsOptions) {
    this.#accountLinks = new FileLinks(options);
  }

  get active(): Iterable<WebDownload> {
    return this.#active;
  }

  readonly handlers = {
    download: ({ file: id }, { client: parent, account }) => {
      const file = id as FileId;
      this.#fact(account.id, file);
      const { clock, entropy } = this.options;
      const tokens = this.#tokensOf.get(parent) ?? new Set();
      for (const token of tokens) {
        if (tokens.size < DOWNLOADS_PER_SESSION_MAX && !this.#isExpired(token)) break;
        this.#revoke(token);
        tokens.delete(token);
      }
      const token = newToken(entropy);
      const firstBy = clock.now() + DOWNLOAD_FIRST_MS;
      this.#links.set(token, { parent, account, file, expiresAt: firstBy, isRevoked: false });
      this.#tokensOf.set(parent, tokens.add(token));
      return { path: `/files/${token}` };
    },
    collect: ({ room: name }, { client: parent, account }) => {
      const { clock, entropy, rooms } = this.options;
      const room = requireCollector(rooms, account.id, checkName(name, "room's name"));
      const token = newToken(entropy);
      const expiresAt = clock.now() + DOWNLOAD_FIRST_MS;
      // A session's next link replaces the previous one.
      this.#collections.set(parent, { token, parent, account, room, expiresAt, isRevoked: false });
      return { path: `/files/${token}` };
    },
  } satisfies SomeHandlers;

  /** Path for programs without a session, such as IRC clients. */
  accountPath(user: UserId, file: FileId): string {
    return this.#accountLinks.pathOf(user, file);
  }

  onLogout(parent: ClientConnection): void {
    for (const token of this.#tokensOf.get(parent) ?? []) this.#revoke(token);
    this.#tokensOf.delete(parent);
    const collection = this.#collections.get(parent);
    if (collection !== undefined) collection.isRevoked = true;
    this.#collections.delete(parent);
  }

  cancel(file: FileId, user: UserId): boolean {
    for (const [token, offer] of this.#links) {
      if (offer.file === file && offer.account.id === user) this.#revoke(token);
    }
    const runs = [...this.#active].filter((run) => run.file === file && run.account.id === user);
    for (const run of runs) run.isCancelled = true;
    return runs.length > 0;
  }

  stop(): void {
    this.#isStopping = true;
    for (const token of this.#links.keys()) this.#revoke(token);
    this.#tokensOf.clear();
  }

  channelOf(token: string): DataChannel | undefined {
    const link = this.#collectionOf(token);
    if (link !== undefined) {
      const { parent, account } = link;
      const { clock, entropy } = this.options;
      const file = fileId(entropy(ID_BYTES));
      const about = { file, by: account.id, sinceMs: clock.unixMs() };
      const open = async (address: Address, from: number) =>
        new CollectedBlob(await this.#openCollection(link, address, true), about, from);
      return { parent, account, file, open };
    }
    const offer = this.#open(token);
    if (offer === undefined) return undefined;
    const { parent, account, file } = offer;
    return { parent, account, file };
  }

  async serve(request: Request, token: string, address: Address): Promise<Response> {
    const collection = this.#collectionOf(token);
    if (collection !== undefined) {
      const folder = await this.#openCollection(collection, address);
      return await this.#reporting(fileResponse(request, folder, this.#zipLists));
    }
    const offer = token.includes("/") ? this.#accountLink(token) : this.#open(token);
    if (offer === undefined) throw unknownFile();
    const { parent, account, file } = offer;
    const fact = this.#check(offer);
    const isArchive = fact.folder !== undefined && request.method === "GET";
    this.#checkCapacity(parent, account);
    if (isArchive) this.#checkArchiveCapacity(account);
    const run = { parent, account, file, address, isArchive, ...this.#downloadFields(fact) };
    this.#active.add(run);
    const webFile = this.#webFile(offer, fact, run);
    return await this.#reporting(fileResponse(request, webFile, this.#zipLists));
  }

  async #reporting<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      return await answer;
    } catch (error) {
      throw this.options.files.reportFault(error);
    }
  }

  #collectionOf(token: string): CollectionLink | undefined {
    return [...this.#collections.values()].find((one) => one.token === token);
  }

  async #openCollection(
    link: CollectionLink,
    address: Address,
    isOnChannel = false,
  ): Promise<CollectedFile> {
    const { parent, account, room, expiresAt } = link;
    const { clock, entropy, rooms, engine } = this.options;
    if (clock.now() >= expiresAt) throw unknownFile();
    requireCollector(rooms, account.id, room.name ?? ("" as Name));
    this.#checkCapacity(parent, account);
    this.#checkArchiveCapacity(account);
    const filesIn = engine.files.inBoxes(rooms.boxesOf(room));
    const [first] = [...filesIn.values()].flat();
    const shared = { parent, account, address, name: undefined, sinceMs: clock.unixMs() };
    const state = { sizeBytes: 0, doneBytes: 0, isArchive: true, isCancelled: false };
    const run = { ...shared, ...state, file: first?.file ?? ("" as FileId), isOnChannel };
    if (first !== undefined) this.#active.add(run);
    const onEnd = () => this.#active.delete(run);
    try {
      const read = (file: FileId, from: number) => {
        const offer = {
          parent,
          account,
          file,
          get isRevoked() {
            return link.isRevoked;
          },
        };
        return this.#chunks(offer, run, from);
      };
      const folder = await collectedFolder(await this.#handedParts(room, filesIn), read);
      // The list differs in each download, so the digest is random.
      const digest = entropy(32).toHex();
      return {
        ...folder,
        name: room.name ?? "",
        digest,
        details: { mtimeMs: clock.unixMs() },
        onEnd,
      };
    } catch (error) {
      onEnd();
      throw this.options.files.reportFault(error);
    }
  }

  async #handedParts(
    room: Room,
    filesIn: ReadonlyMap<RoomId, readonly FileEntry[]>,
  ): Promise<HandedPart[]> {
    const { rooms, registry } = this.options;
    const parts: HandedPart[] = [];
    let textBytesLeft = COLLECTED_TEXT_BYTES_MAX;
    for (const box of rooms.boxesOf(room)) {
      if (box.box === undefined) continue;
      const folder = registry.nameOf(box.box.user) ?? box.box.user;
      for (const { file, name, time, size, folder: list } of filesIn.get(box.id) ?? []) {
        const manifestBytes = list?.manifestBytes;
        parts.push({ folder, name, unixMs: time, sizeBytes: size, content: file, manifestBytes });
      }
      const content = utf8Encode(await this.#textsOf(box, textBytesLeft));
      textBytesLeft -= content.length;
      if (content.length === 0) continue;
      const unixMs = box.posted.get(box.box.user) ?? 0;
      parts.push({ folder, name: "messages.txt", unixMs, sizeBytes: content.length, content });
    }
    return parts;
  }

  /** Returns the texts of a box as last edited, oldest first. */
  async #textsOf({ id }: Room, bytesMax: number): Promise<string> {
    const { archive, rooms, registry } = this.options;
    const texts = new Map<number, string>();
    let bytes = 0;
    for (let afterSeq = 0; ; ) {
      const range = { from: "oldest", limit: PAGE_RECORDS_MAX, bytesMax: PAGE_BYTES_MAX } as const;
      const kinds = new Set(["text", "action", "edit"] as const);
      const page = await archive.page({ rooms: new Set([id]), kinds, afterSeq, ...range });
      for (const record of page.records) {
        const { seq, kind, by, time } = record.head;
        const body = bodyOf(record, kind as "edit") ?? {};
        if (body.text === undefined || rooms.isErased(body.seq ?? seq)) continue;
        const line = `${formatUtc(time)} ${registry.nameOf(by) ?? "?"}: ${body.text}
`;
        bytes += line.length * 3;
        if (bytes > bytesMax)
          return `${[...texts.values()].join("")}[…]
`;
        texts.set(body.seq ?? seq, line);
      }
      afterSeq = page.records.at(-1)?.head.seq ?? afterSeq;
      if (!page.more || page.records.length === 0) return [...texts.values()].join("");
    }
  }

  /** Counts stalled downloads of the account, because they outlive their sessions. */
  #checkCapacity(parent: ClientConnection | undefined, account: Account): void {
    const detail = { retryAfterMs: BUSY_MS };
    const ofAccount = [...this.#active].filter((run) => run.account === account);
    if (ofAccount.filter((run) => run.parent === parent).length >= CONCURRENT_HTTP_DOWNLOADS_MAX) {
      const message = msg`limit of ${CONCURRENT_HTTP_DOWNLOADS_MAX} downloads per browser reached`;
      throw new Fault("too-many", message, detail);
    }
    if (ofAccount.length >= DATA_CHANNELS_PER_ACCOUNT_MAX) {
      const count = DATA_CHANNELS_PER_ACCOUNT_MAX;
      const message = msg`limit of ${count} downloads per account reached`;
      throw new Fault("too-many", message, detail);
    }
  }

  /** Limits the number of archives, because each keeps data for every entry of its folder. */
  #checkArchiveCapacity(account: Account): void {
    const detail = { retryAfterMs: BUSY_MS };
    const all = [...this.#active].filter(({ isArchive }) => isArchive);
    if (all.filter((run) => run.account === account).length >= ARCHIVES_PER_ACCOUNT_MAX) {
      const message = msg`limit of ${ARCHIVES_PER_ACCOUNT_MAX} folder downloads per account`;
      throw new Fault("too-many", message, detail);
    }
    if (all.length >= CONCURRENT_ARCHIVES_MAX) {
      throw new Fault(
        "too-many",
        msg`limit of ${CONCURRENT_ARCHIVES_MAX} folder downloads reached`,
        detail,
      );
    }
  }

  #downloadFields(fact: FileEntry) {
    const { clock, rooms } = this.options;
    const sinceMs = clock.unixMs();
    const name = isPrivateFile(fact, rooms) ? undefined : fact.name;
    return { name, sizeBytes: fact.size, sinceMs, doneBytes: 0, isCancelled: false };
  }

  #webFile(
    offer: DownloadLink,
    { name, size, digest, folder, details }: FileEntry,
    run: WebDownload,
  ): WebFile {
    return {
      name,
      sizeBytes: size,
      digest,
      details,
      ...(folder === undefined ? {} : { manifestBytes: folder.manifestBytes }),
      chunks: (from) => this.#chunks(offer, run, from),
      onEnd: () => this.#active.delete(run),
    };
  }

  async *#chunks(offer: DownloadLink, run: WebDownload, from: number): AsyncGenerator<Uint8Array> {
    const { files } = this.options;
    const { file } = offer;
    let blob: Blob | undefined;
    try {
      const content = await files.open(file);
      blob = content?.blob;
      if (blob === undefined) throw unknownFile();
      const { chunks } = this.#check(offer, run);
      if (blob.have !== chunks && content?.fetch === undefined) throw damagedFile();
      for (let index = from; index < chunks; index++) {
        await content?.fetch?.waitForChunk(blob, index);
        this.#check(offer, run);
        const [hash, bytes] = await readStored(Promise.all([blob.hash(index), blob.read(index)]));
        if (!equalBytes(sha256(bytes), hash)) throw damagedFile();
        // Access may have been revoked during the read.
        this.#check(offer, run);
        run.doneBytes += bytes.length;
        if (run.isOnChannel !== true) files.countSent(bytes.length);
        yield bytes;
      }
    } catch (error) {
      throw this.options.files.reportFault(error);
    } finally {
      blob?.close();
    }
  }

  #check({ isRevoked, account, file }: DownloadLink, run?: WebDownload): FileEntry {
    const isEnded = isRevoked || run?.isCancelled === true || this.#isStopping;
    // A session ends with its account's ban, but the link of an account does not.
    const mayDownload = !account.isRemoved && !this.options.bans.isBanned(account);
    if (isEnded || !mayDownload) throw unknownFile();
    return this.#fact(account.id, file);
  }

  #fact(user: UserId, file: FileId): FileEntry {
    const { engine, rooms } = this.options;
    const fact = engine.files.get(file);
    const mayRead = engine.files.mayRead(
      file,
      user,
      (room) => rooms.get(room)?.members.has(user) === true,
    );
    if (fact === undefined || !mayRead) throw unknownFile();
    return fact;
  }

  #accountLink(token: string): DownloadLink | undefined {
    const { user, file } = this.#accountLinks.parse(token) ?? {};
    const account = user === undefined ? undefined : this.options.registry.get(user);
    if (account === undefined || file === undefined) return undefined;
    return { parent: undefined, account, file, isRevoked: false };
  }

  #open(token: string): SessionLink | undefined {
    const offer = this.#links.get(token);
    if (offer === undefined || this.#isExpired(token)) return undefined;
    offer.expiresAt = Number.POSITIVE_INFINITY;
    return offer;
  }

  #isExpired(token: string): boolean {
    const firstBy = this.#links.get(token)?.expiresAt ?? Number.NEGATIVE_INFINITY;
    return this.options.clock.now() >= firstBy;
  }

  #revoke(token: string): void {
    const offer = this.#links.get(token);
    if (offer !== undefined) offer.isRevoked = true;
    this.#links.delete(token);
  }
}

const TOKEN = /^(u[\w-]{11})\/(f[\w-]{11})\/([1-9]\d{0,6})\/([\w-]{22})$/;

interface FileLinksOptions extends Pick<ServerContext, "identity" | "clock"> {
  readonly registry: Pick<ServerContext["registry"], "get">;
}

interface LinkedFile {
  readonly user: UserId;
  readonly file: FileId;
}

/**
 * A link grants nothing by itself: each download checks what the account may read. Links end when
 * the account changes its password, or signs out a device or an IRC client.
 * @internal
 */
export class FileLinks {
  readonly #key: Uint8Array;
  readonly #clock: ServerContext["clock"];
  readonly #registry: Pick<ServerContext["registry"], "get">;

  constructor({ identity, clock, registry }: FileLinksOptions) {
    this.#key = fileLinkKeyOf(identity);
    this.#clock = clock;
    this.#registry = registry;
  }

  /** Returns the same path during a day (UTC). It is valid until the end of the next day. */
  pathOf(user: UserId, file: FileId): string {
    const day = this.#today();
    return `/files/${user}/${file}/${day}/${this.#mac(user, file, day)}`;
  }

  /** @returns `undefined` if the link is invalid or has expired */
  parse(token: string): LinkedFile | undefined {
    const [, user = "", file = "", day = "", mac = ""] = TOKEN.exec(token) ?? [];
    const age = this.#today() - Number(day);
    // A link made just before midnight would otherwise expire at once.
    const isCurrent = age === 0 || age === 1;
    const linked = { user: user as UserId, file: file as FileId };
    if (!isCurrent || !sameSecret(mac, this.#mac(linked.user, linked.file, Number(day)))) {
      return undefined;
    }
    return linked;
  }

  #mac(user: UserId, file: FileId, day: number): string {
    const revokedSeq = this.#registry.get(user)?.revokedSeq ?? 0;
    return fileLinkMac(this.#key, { user, file, day, revokedSeq });
  }

  #today(): number {
    return Math.floor(this.#clock.unixMs() / DAY_MS);
  }
}
