/** The temporary server of `chat share`. */

import { dirname, join } from "node:path";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { VERSION } from "../../base/version.ts";
import { Client } from "../../client/client.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import { Identity } from "../../crypto/identity.ts";
import { hashPassword, verifyPassword } from "../../crypto/password.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { openBlobStore } from "../../io/blob/blob-store.ts";
import type { BlobMetadata, BlobStore, ChunkReader, Source } from "../../io/blob/interfaces.ts";
import { systemDisk } from "../../io/disk/system-disk.ts";
import { systemEntropy } from "../../io/entropy.ts";
import type { Dial } from "../../io/link/link.ts";
import { MemoryNetwork } from "../../io/link/memory-network.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { QUOTAS_DEFAULT } from "../../server/files/quotas.ts";
import { httpHandler } from "../../server/http/handler.ts";
import { Server } from "../../server/server.ts";
import type { ServerEvent } from "../../server/session/event.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";
import type { ServerSpec } from "../../wire/invite.ts";
import { nativeHashing } from "../connect/hashing.ts";
import { deviceKeys } from "../connect/keys.ts";
import { type Context, printNotice } from "../context.ts";
import { type OpenFolder, openFolder } from "../serve/folder.ts";
import { type ListenOptions, openListeners } from "../serve/listen.ts";
import { hostCheck } from "../serve/public.ts";
import { loadSharePage } from "../web/page.ts";
import { openShareFolder, type ShareFolder } from "./folder.ts";

/** Address for the owner's client, which runs in this process. */
const INTERNAL_ADDRESS = { host: "127.0.0.1", port: 1, timeoutMs: CONNECT_TIMEOUT_MS };
/** It is never read out, so it may be as long as an identity. */
const SECRET_BYTES = 16;
/** Visible to unauthenticated clients, so it names neither the user nor the content. */
const NAME = "shared files";

export interface ShareOptions {
  readonly user: string;
  /** Listening address, and the name of this machine in the invite. */
  readonly listenHosts: ListenOptions["hosts"];
  readonly inviteHost: string;
  readonly port: number;
  readonly onEvent: (event: ServerEvent) => void;
  /** A chunk of a shared file was read for a receiver. */
  readonly onRead: (file: FileId, source: Source, index: number) => void;
}

/** A server for some files of one user, removed when they are received. */
export interface ShareServer {
  readonly client: Client;
  readonly invite: ServerSpec;
  /** Removed with the server; for content that is not on this machine's disk. */
  readonly folder: string;
  /** Marks the next upload, whose content stays where it is. */
  lend(source: Source): void;
  /** Notifies all clients, and removes everything. */
  close(): Promise<void>;
}

/** @throws Fault port-taken, store-… */
export async function openShareServer(
  context: Context,
  options: ShareOptions,
): Promise<ShareServer> {
  const { clock } = context;
  const folder = openShareFolder(clock.unixMs());
  try {
    const entropy = systemEntropy();
    const hosts = [options.inviteHost];
    const onWriteError = (fault: Fault) => printNotice(context, fault.message);
    const common = { clock, entropy, certificate: undefined, hosts, onWriteError };
    const open = await openFolder({ ...common, path: folder.data });
    return await start(context, options, open, folder);
  } catch (error) {
    folder.remove();
    throw error;
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
  const lent = new LentFiles(options.onRead);
  const blobs = openBlobStore({
    disk: systemDisk(),
    folder: join(open.folder.path, "files"),
    sha256,
    externalReader: (about) => lent.readerOf(about),
  });
  const page = await loadSharePage();
  const server = new Server({
    ...open,
    clock,
    entropy: systemEntropy(),
    settings: {
      ...{ name: NAME, version: VERSION },
      ...defined({ build: page?.build }),
      ...{ welcome: undefined, roomPassword: secret },
      files: QUOTAS_DEFAULT,
    },
    passwords: { hash: hashPassword, verify: verifyPassword },
    blobs: ownerOnly(blobs, lent),
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
      // The page and the files; no posts, and no operator.
      http: (port) =>
        httpHandler({
          ...{ name: NAME, fingerprint: formatFingerprint(fingerprint), port, page },
          files: server.http.files,
        }),
    },
    server.sessions,
  );
  for (const listener of listeners) server.listen(listener);
  const network = new MemoryNetwork(clock);
  const certificateHash = systemEntropy()(32);
  server.listen(network.listen({ ...INTERNAL_ADDRESS, certificateHash }, server.sessions));
  const owner = await loginOwner(
    context,
    options.user,
    secret,
    network.dialFrom(INTERNAL_ADDRESS.host),
  );
  lent.setOwner(owner.account);
  return {
    client: owner.client,
    invite: {
      host: options.inviteHost,
      port,
      portGiven: true,
      room: LOBBY,
      fingerprint,
      secret,
    },
    folder: dirname(folder.data),
    lend: (source) => lent.lend(source),
    close: async () => {
      await owner.client.close();
      owner.state.close();
      await server.stop();
      await open.close();
      folder.remove();
    },
  };
}

interface OwnerSession {
  readonly client: Client;
  readonly state: ClientState;
  readonly account: string;
}

/** Logs the sharing user in before any receiver. Nothing of it is stored in their home. */
async function loginOwner(
  context: Context,
  user: string,
  secret: string,
  dial: Dial,
): Promise<OwnerSession> {
  const state = ClientState.inMemory();
  const client = new Client(
    {
      clock: context.clock,
      entropy: systemEntropy(),
      dial: () => dial(INTERNAL_ADDRESS),
      state,
      keys: deviceKeys(Identity.generate(), state),
      hashing: nativeHashing(),
    },
    {
      address: `${INTERNAL_ADDRESS.host}:${INTERNAL_ADDRESS.port}`,
      program: `chat/${VERSION}`,
      credentials: { user, mode: "register", roomSecret: secret },
      follow: "none",
    },
  );
  const membership = await client.connect();
  return { client, state, account: membership?.account ?? "" };
}

/** Files of this machine that a blob store reads in place. */
class LentFiles {
  #account: string | undefined;
  #next: Source | undefined;
  /** Keyed by file id; one per path. */
  readonly #sources = new Map<string, Source>();
  readonly #onRead: ShareOptions["onRead"];
  /** Files whose end is being read again to check it, before any receiver gets them. */
  readonly #opening = new Set<FileId>(); // At most as many as `#sources`.

  constructor(onRead: ShareOptions["onRead"]) {
    this.#onRead = onRead;
  }

  setOwner(account: string): void {
    this.#account = account;
  }

  lend(source: Source): void {
    this.#next = source;
  }

  async opening<Value>(file: FileId, work: () => Promise<Value>): Promise<Value> {
    this.#opening.add(file);
    try {
      return await work();
    } finally {
      this.#opening.delete(file);
    }
  }

  isOwned({ by }: BlobMetadata): boolean {
    return by === this.#account;
  }

  readerOf(about: BlobMetadata): ChunkReader | undefined {
    if (!this.isOwned(about)) return undefined;
    const source = this.#sources.get(about.file) ?? this.#next;
    if (source === undefined) return undefined;
    this.#sources.set(about.file, source);
    return {
      read: async (index) => {
        const bytes = await source.read(index);
        if (bytes !== undefined) {
          if (!this.#opening.has(about.file)) this.#onRead(about.file, source, index);
          return bytes;
        }
        throw new Fault("file-changed", `${source.name} shrank while it was being read`);
      },
    };
  }
}

/** Only the sharing user adds files, and shared files take no space on this disk. */
function ownerOnly(blobs: BlobStore, lent: LentFiles): BlobStore {
  return {
    list: () => blobs.list(),
    open: (file) => lent.opening(file, () => blobs.open(file)),
    remove: (file) => blobs.remove(file),
    freeBytes: async () => Number.MAX_SAFE_INTEGER,
    create: async (about) => {
      if (lent.isOwned(about)) return blobs.create(about);
      throw new Fault("not-allowed", "this server only shares files", {
        remedy: "for uploads, use a server: chat serve",
      });
    },
  };
}
