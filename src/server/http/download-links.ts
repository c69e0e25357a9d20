/** HTTP downloads at unguessable addresses, each valid for one file and one session or account. */

import { equalBytes } from "../../base/bytes.ts";
import { accountFolderName } from "../../base/file-names.ts";
import { type FileId, ID_BYTES, makeFileId, type UserId } from "../../base/ids.ts";
import { FOLDER_ENTRIES_MAX } from "../../base/limits.ts";
import {
  COLLECTED_ENTRY_BYTES,
  COLLECTED_TEXTS_MAX,
  COLLECTIONS_BUILT_MAX,
  DOWNLOAD_FIRST_MS,
  DOWNLOAD_MEMORY_BYTES,
  DOWNLOAD_STALL_MS,
} from "../../base/limits-page.ts";
import { checkName, type Name } from "../../base/names.ts";
import { DAY_MS } from "../../base/time.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type FileEntry, isPrivateFile, unknownFile } from "../../core/rooms/files.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { requireCollector } from "../../core/rooms/targets.ts";
import { fileLinkKeyOf, fileLinkMac } from "../../crypto/file-link.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Blob } from "../../io/blob/interfaces.ts";
import type { Address } from "../../io/link/link.ts";
import { Slots, TaskQueue } from "../../io/task-queue.ts";
import type { Bans } from "../auth/bans.ts";
import { newToken, sameSecret } from "../auth/secrets.ts";
import type { FileService } from "../files/file-service.ts";
import { damagedFile, readStored } from "../files/offer-checks.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DataChannel } from "../session/connection-state.ts";
import {
  type CollectedFolder,
  collectedFolder,
  type HandedPart,
  type HandedWork,
} from "./collected.ts";
import { CollectedBlob, type CollectedFile } from "./collected-blob.ts";
import { CollectedTexts, type TextSource } from "./collected-texts.ts";
import { DownloadRuns, type WebDownload } from "./download-runs.ts";
import { fileResponse, type WebFile } from "./file-response.ts";
import { ZipLists } from "./zip-stream.ts";

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

export class WebDownloads {
  readonly #links = new Map<string, SessionLink>();
  readonly #tokensOf = new Map<ClientConnection, Set<string>>();
  readonly #runs;
  readonly #collections = new Map<ClientConnection, CollectionLink>();
  readonly #zipLists = new ZipLists();
  readonly #building = new TaskQueue({ slots: new Slots(COLLECTIONS_BUILT_MAX) });
  readonly #reading;
  readonly #accountLinks;
  #isStopping = false;

  constructor(private readonly options: WebDownloadsOptions) {
    const { clock, pageReads: slots } = options;
    this.#runs = new DownloadRuns(clock);
    this.#reading = new TaskQueue({ slots, pauseClock: clock });
    this.#accountLinks = new FileLinks(options);
  }

  get active(): Iterable<WebDownload> {
    return this.#runs;
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
    const runs = [...this.#runs].filter((run) => run.file === file && run.account.id === user);
    for (const run of runs) run.cancel(unknownFile());
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
      const file = makeFileId(entropy(ID_BYTES));
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
    const fields = { parent, account, file, address, isArchive, ...this.#downloadFields(fact) };
    const run = this.#runs.start(fields);
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
    const { clock, entropy, rooms } = this.options;
    if (clock.now() >= expiresAt) throw unknownFile();
    requireCollector(rooms, account.id, room.name ?? ("" as Name));
    const boxes = rooms.boxesOf(room);
    const files = boxes.flatMap((box) => this.#filesIn(box));
    const [first] = files;
    const entries = files.reduce((sum, { folder }) => sum + 1 + (folder?.entries ?? 0), 0);
    const run = this.#runs.start({
      parent,
      account,
      address,
      isOnChannel,
      isArchive: true,
      name: undefined,
      file: first?.file ?? ("" as FileId),
      sinceMs: clock.unixMs(),
      sizeBytes: 0,
      memoryBytes:
        DOWNLOAD_MEMORY_BYTES + Math.min(entries, FOLDER_ENTRIES_MAX) * COLLECTED_ENTRY_BYTES,
    });
    try {
      const folder = await this.#building.runFor(account, () => this.#collect(link, boxes, run));
      // The list differs in each download, so the digest is random.
      const digest = entropy(32).toHex();
      return {
        ...folder,
        name: room.name ?? "",
        digest,
        details: { mtimeMs: clock.unixMs() },
        ...this.#lifeOf(run),
      };
    } catch (error) {
      run.end();
      throw this.options.files.reportFault(error);
    }
  }

  #filesIn({ id, box }: Room): FileEntry[] {
    return box === undefined ? [] : [...this.options.engine.files.sentTo(id, box.user)];
  }

  async #collect(
    link: CollectionLink,
    boxes: readonly Room[],
    run: WebDownload,
  ): Promise<CollectedFolder> {
    const { parent, account } = link;
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
    const works: HandedWork[] = [];
    let textsLeft = COLLECTED_TEXTS_MAX;
    for (const box of boxes) {
      const texts = await CollectedTexts.measure(box, this.#textSource(link, run), textsLeft);
      textsLeft -= texts.count;
      works.push(this.#workIn(box, texts));
    }
    return await collectedFolder(works, { read, yieldTurn: this.#zipLists.yieldTurn });
  }

  #textSource(link: CollectionLink, run: WebDownload): TextSource {
    const { archive, rooms, registry } = this.options;
    return {
      page: (query) => {
        if (link.isRevoked || run.isCancelled || this.#isStopping) throw unknownFile();
        requireCollector(rooms, link.account.id, link.room.name ?? ("" as Name));
        return this.#reading.runFor(link.account, () => archive.page(query));
      },
      isErased: (seq) => rooms.isErased(seq),
      nameOf: (user) => registry.nameOf(user),
    };
  }

  #workIn(box: Room, texts: CollectedTexts): HandedWork {
    const user = box.box?.user ?? ("" as UserId);
    const parts: HandedPart[] = [];
    // First, because a file that was handed in must not take its name.
    if (texts.sizeBytes > 0) {
      const unixMs = [...box.work.values()].at(-1) ?? 0;
      const { sizeBytes } = texts;
      parts.push({ name: "messages.txt", unixMs, sizeBytes, content: texts });
    }
    for (const { file, name, time, size, folder: list } of this.#filesIn(box)) {
      const manifestBytes = list?.manifestBytes;
      parts.push({ name, unixMs: time, sizeBytes: size, content: file, manifestBytes });
    }
    return { folder: accountFolderName(this.options.registry.nameOf(user) ?? user), parts };
  }

  #downloadFields(fact: FileEntry) {
    const { clock, rooms } = this.options;
    const sinceMs = clock.unixMs();
    const name = isPrivateFile(fact, rooms) ? undefined : fact.name;
    const memoryBytes = Math.min(fact.size, DOWNLOAD_MEMORY_BYTES);
    return { name, sizeBytes: fact.size, sinceMs, memoryBytes };
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
      manifestBytes: folder?.manifestBytes,
      chunks: (from) => this.#chunks(offer, run, from),
      ...this.#lifeOf(run),
    };
  }

  #lifeOf({
    signal,
    read,
    end,
  }: WebDownload): Pick<WebFile, "signal" | "stall" | "onRead" | "onEnd"> {
    const { clock } = this.options;
    return { signal, stall: { clock, ms: DOWNLOAD_STALL_MS }, onRead: read, onEnd: end };
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
