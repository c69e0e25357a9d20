/** HTTP downloads at unguessable addresses, each valid for one file and one session or account. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { DATA_CHANNELS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import {
  ARCHIVES_PER_ACCOUNT_MAX,
  CONCURRENT_ARCHIVES_MAX,
  CONCURRENT_HTTP_DOWNLOADS_MAX,
  DOWNLOAD_FIRST_MS,
} from "../../base/limits-page.ts";
import { DAY_MS } from "../../base/time.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { type FileEntry, isPrivateFile } from "../../core/rooms/files.ts";
import { fileLinkKeyOf, fileLinkMac } from "../../crypto/file-link.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Blob } from "../../io/blob/interfaces.ts";
import type { Address } from "../../io/link/link.ts";
import type { Bans } from "../auth/bans.ts";
import { newToken, sameSecret } from "../auth/secrets.ts";
import type { FileService } from "../files/file-service.ts";
import { damagedFile, readStored, unknownFile } from "../files/offer-checks.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DataChannel } from "../session/connection-state.ts";
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
  isCancelled: boolean;
}

const BUSY_MS = 1_000;

export class WebDownloads {
  readonly #links = new Map<string, SessionLink>();
  readonly #tokensOf = new Map<ClientConnection, Set<string>>();
  readonly #active = new Set<WebDownload>();
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
  } satisfies SomeHandlers;

  /** Path for programs without a session, such as IRC clients. */
  accountPath(user: UserId, file: FileId): string {
    return this.#accountLinks.pathOf(user, file);
  }

  onLogout(parent: ClientConnection): void {
    for (const token of this.#tokensOf.get(parent) ?? []) this.#revoke(token);
    this.#tokensOf.delete(parent);
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
    const offer = this.#open(token);
    if (offer === undefined) return undefined;
    const { parent, account, file } = offer;
    return { parent, account, file };
  }

  async serve(request: Request, token: string, address: Address): Promise<Response> {
    const offer = token.includes("/") ? this.#accountLink(token) : this.#open(token);
    if (offer === undefined) throw unknownFile();
    const { parent, account, file } = offer;
    const fact = this.#check(offer);
    const isArchive = fact.folder !== undefined && request.method === "GET";
    this.#checkCapacity(parent, account);
    if (isArchive) this.#checkArchiveCapacity(account);
    const run = { parent, account, file, address, isArchive, ...this.#downloadFields(fact) };
    this.#active.add(run);
    try {
      return await fileResponse(request, this.#webFile(offer, fact, run), this.#zipLists);
    } catch (error) {
      throw this.options.files.reportFault(error);
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
    { name, size, digest, folder }: FileEntry,
    run: WebDownload,
  ): WebFile {
    return {
      name,
      sizeBytes: size,
      digest,
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
        files.countSent(bytes.length);
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
