/** Temporary server of `chat share`. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, msg, unlessFault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { defined } from "../../base/values.ts";
import { VERSION } from "../../base/version.ts";
import type { Client } from "../../client/client.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { hashPassword, verifyPassword } from "../../crypto/password.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { openBlobStore } from "../../io/blob/blob-store.ts";
import type { BlobMetadata, BlobStore, ChunkReader, Source } from "../../io/blob/interfaces.ts";
import { lockFile } from "../../io/disk/lock.ts";
import { linkStatOf } from "../../io/disk/stat.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import {
  listTemporaryFolders,
  makeTemporaryFolder,
  removeTemporaryFolder,
  temporaryFolderFault,
} from "../../io/disk/temporary-folder.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { MemoryNetwork } from "../../io/link/memory-network.ts";
import { QUOTAS_DEFAULT } from "../../server/files/quotas.ts";
import { httpHandler } from "../../server/http/handler.ts";
import { Server } from "../../server/server.ts";
import type { ObservedEvent } from "../../server/session/event.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import type { ServerSpec } from "../../wire/invite.ts";
import { type Context, printNotice } from "../context.ts";
import { hostCheck } from "../serve/flags.ts";
import { type OpenFolder, openFolder } from "../serve/folder.ts";
import { type ListenOptions, openListeners } from "../serve/listen.ts";
import { loadSharePage } from "../web/page.ts";
import { openShareClient } from "./client.ts";

/** Placeholder: the owner's client runs in this process and uses no network. */
const INTERNAL_ADDRESS = { host: "127.0.0.1", port: 1, timeoutMs: CONNECT_TIMEOUT_MS };
/** The secret may be long, because nobody has to read it aloud. */
const SECRET_BYTES = 16;
/** Unauthenticated clients receive this name, so it reveals neither the user nor the content. */
const NAME = "shared files";

interface ShareOptions {
  readonly user: string;
  readonly listenHosts: ListenOptions["hosts"];
  readonly inviteHost: string;
  /** Further hosts in the invite. */
  readonly otherHosts: readonly string[];
  readonly port: number;
  readonly onEvent: (event: ObservedEvent) => void;
  readonly onRead: (file: FileId, source: Source, index: number) => void;
  /** Called when a receiver cannot read a file because its content has changed. */
  readonly onChanged: (fault: Fault) => void;
}

export interface ShareInvite extends ServerSpec {
  readonly fingerprint: Fingerprint;
}

export interface ShareServer {
  readonly client: Client;
  readonly invite: ShareInvite;
  readonly folder: string;
  /** The server reads the next uploaded file in place. */
  lend(source: Source): void;
  close(): Promise<void>;
}

/** @throws {Fault} port-taken, store-… */
export async function openShareServer(
  context: Context,
  options: ShareOptions,
): Promise<ShareServer> {
  const { clock } = context;
  const folder = openShareFolder(clock.unixMs());
  try {
    const entropy = systemEntropy();
    const hosts = [options.inviteHost, ...options.otherHosts];
    const onWriteError = (fault: Fault) => printNotice(context, fault.message);
    const common = { clock, entropy, certificate: undefined, hosts, onWriteError };
    const open = await openFolder({ ...common, path: folder.data });
    return await start(context, options, open, folder);
  } catch (error) {
    folder.remove();
    throw temporaryFolderFault(error);
  }
}

async function start(
  context: Context,
  options: ShareOptions,
  open: OpenFolder,
  folder: ShareFolder,
): Promise<ShareServer> {
  const { clock } = context;
  const secret = toBase64Url(systemEntropy()(SECRET_BYTES));
  const lentFiles = new LentFiles(options);
  const blobs = openBlobStore({
    disk: systemDisk(),
    folder: join(open.folder.path, "files"),
    sha256,
    externalReader: (metadata) => lentFiles.readerOf(metadata),
  });
  const page = await loadSharePage();
  const server = new Server({
    ...open,
    clock,
    entropy: systemEntropy(),
    settings: {
      name: NAME,
      version: VERSION,
      ...defined({ build: page?.build }),
      welcome: undefined,
      roomPassword: secret,
      files: QUOTAS_DEFAULT,
    },
    passwords: { hash: hashPassword, verify: verifyPassword },
    blobs: ownerOnly(blobs, lentFiles),
    onEvent: options.onEvent,
  });
  await server.start();
  const { fingerprint } = open.identity;
  const { port, listeners } = await openListeners(
    {
      hosts: options.listenHosts,
      port: options.port,
      certificate: open.certificate,
      udp: "bbr",
      isHost: hostCheck([options.inviteHost]),
      http: (port) =>
        httpHandler({
          name: NAME,
          fingerprint: formatFingerprint(fingerprint),
          port,
          page,
          files: server.http.files,
          checkAddress: server.http.checkAddress,
        }),
    },
    server.sessions,
  );
  for (const listener of listeners) server.listen(listener);
  const network = new MemoryNetwork(clock);
  const certificateHash = systemEntropy()(32);
  server.listen(network.listen({ ...INTERNAL_ADDRESS, certificateHash }, server.sessions));
  const dial = network.dialFrom(INTERNAL_ADDRESS.host);
  const owner = openShareClient(clock, () => dial(INTERNAL_ADDRESS), {
    address: `${INTERNAL_ADDRESS.host}:${INTERNAL_ADDRESS.port}`,
    credentials: { user: options.user, mode: "register", roomSecret: secret },
    follow: "none",
  });
  // Must log in before any receiver.
  lentFiles.setOwner((await owner.client.connect())?.account ?? "");
  return {
    client: owner.client,
    invite: {
      host: options.inviteHost,
      port,
      portGiven: true,
      room: LOBBY,
      fingerprint,
      secret,
      also:
        options.otherHosts.length === 0
          ? undefined
          : options.otherHosts.map((host) => ({ host, port })),
    },
    folder: dirname(folder.data),
    lend: (source) => lentFiles.lend(source),
    close: async () => {
      await owner.close();
      await server.stop();
      await open.close();
      folder.remove();
    },
  };
}

class LentFiles {
  #account: string | undefined;
  #nextSource: Source | undefined;
  readonly #sources = new Map<string, Source>();
  /** Files that the store is opening. Its read of their last chunk is not a receiver's progress. */
  readonly #opening = new Set<FileId>();

  constructor(private readonly options: Pick<ShareOptions, "onRead" | "onChanged">) {}

  setOwner(account: string): void {
    this.#account = account;
  }

  lend(source: Source): void {
    this.#nextSource = source;
  }

  async whileOpening<Value>(file: FileId, work: () => Promise<Value>): Promise<Value> {
    this.#opening.add(file);
    try {
      return await work();
    } finally {
      this.#opening.delete(file);
    }
  }

  #changed({ name }: Source): Fault {
    const fault = sharedFileChanged(name);
    this.options.onChanged(fault);
    return fault;
  }

  isOwned({ by }: BlobMetadata): boolean {
    return by === this.#account;
  }

  readerOf(metadata: BlobMetadata): ChunkReader | undefined {
    if (!this.isOwned(metadata)) return undefined;
    const source = this.#sources.get(metadata.file) ?? this.#nextSource;
    if (source === undefined) return undefined;
    this.#sources.set(metadata.file, source);
    return {
      diskBytes: source.diskBytes,
      read: async (index) => {
        const bytes = await source.read(index).catch((error: unknown) => {
          throw asFault(error).code === "file-changed" ? this.#changed(source) : error;
        });
        if (bytes === undefined) throw this.#changed(source);
        if (!this.#opening.has(metadata.file)) this.options.onRead(metadata.file, source, index);
        return bytes;
      },
      changed: () => (source.mayHaveChanged === true ? () => this.#changed(source) : undefined),
    };
  }
}

/** The name without its path, because receivers see the message. */
function sharedFileChanged(name: string): Fault {
  return new Fault("file-changed", msg`${quoteText(name)} changed while it was shared`, {
    remedy: msg`share it again`,
  });
}

/** Only the sharing user may upload, because shared files are read in place. */
function ownerOnly(blobs: BlobStore, lentFiles: LentFiles): BlobStore {
  return {
    list: () => blobs.list(),
    open: (file) => lentFiles.whileOpening(file, () => blobs.open(file)),
    remove: (file) => blobs.remove(file),
    freeBytes: async () => Number.MAX_SAFE_INTEGER,
    create: async (metadata) => {
      if (lentFiles.isOwned(metadata)) return blobs.create(metadata);
      throw new Fault("not-allowed", "this server only shares files", {
        remedy: "for uploads, use a server: chat serve",
      });
    },
  };
}

const PREFIX = "chat-share-";
/** A younger folder may belong to a share that has not locked it yet. */
const ABANDONED_AFTER_MS = 60_000;

interface ShareFolder {
  readonly data: string;
  remove(): void;
}

/** Removed when the process exits. If the process is killed, the next share removes the folder. */
function openShareFolder(unixMs: number): ShareFolder {
  for (const path of listTemporaryFolders(PREFIX)) {
    if (isAbandoned(path, unixMs)) removeTemporaryFolder(path);
  }
  const folder = makeTemporaryFolder(PREFIX);
  const remove = () => removeTemporaryFolder(folder);
  process.once("exit", remove);
  return {
    data: join(folder, "data"),
    remove: () => {
      process.off("exit", remove);
      remove();
    },
  };
}

/** A running process holds the lock of its data folder. */
function isAbandoned(path: string, unixMs: number): boolean {
  const stat = linkStatOf(path);
  if (stat === undefined || !stat.isDirectory()) return false;
  if (process.getuid !== undefined && stat.uid !== process.getuid()) return false;
  const lock = join(path, "data", "LOCK");
  if (unixMs - stat.mtimeMs < ABANDONED_AFTER_MS || !existsSync(lock)) return false;
  const lockHandle = unlessFault(() => lockFile(lock));
  lockHandle?.release();
  return lockHandle !== undefined;
}
