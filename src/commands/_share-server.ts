import { join } from "node:path";
import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { FileId } from "../base/ids.ts";
import { CONNECT_WITHIN_MS } from "../base/limits.ts";
import { VERSION } from "../base/version.ts";
import { Client } from "../client/client.ts";
import { LOBBY } from "../core/room.ts";
import { Identity } from "../crypto/identity.ts";
import { hashPassword, verifyPassword } from "../crypto/password.ts";
import { sha256 } from "../crypto/sha256.ts";
import { openBlobStore } from "../io/blob-store.ts";
import { ClientState } from "../io/client-state.ts";
import type { BlobAbout, BlobStore, ChunkReader, Source } from "../io/content.ts";
import { systemDisk } from "../io/disk-file.ts";
import { systemEntropy } from "../io/entropy.ts";
import type { Dial } from "../io/link.ts";
import { MemoryNetwork } from "../io/memory-network.ts";
import { httpHandler } from "../server/http.ts";
import { QUOTAS_DEFAULT } from "../server/quotas.ts";
import { Server } from "../server/server.ts";
import type { ServerEvent } from "../server/server-event.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import type { ServerAddress } from "../wire/invite.ts";
import type { Context } from "./_context.ts";
import { type OpenFolder, openFolder } from "./_serve-folder.ts";
import { openListeners } from "./_serve-listen.ts";
import { openShareFolder } from "./_share-folder.ts";

/** Where the owner's client finds the server: in this very process. */
const INSIDE = { host: "127.0.0.1", port: 1, timeoutMs: CONNECT_WITHIN_MS };
/** Nobody reads it out: as much as an identity. */
const SECRET_BYTES = 16;

export interface ShareOptions {
  readonly user: string;
  /** Where to listen, and what to call this machine in the invite. */
  readonly listenHost: string;
  readonly inviteHost: string;
  readonly port: number;
  readonly onEvent: (event: ServerEvent) => void;
  /** A chunk of what is lent was read for a receiver. */
  readonly onRead: (file: FileId, source: Source, index: number) => void;
}

/** A server for some files of one person, and gone when they are through. */
export interface ShareServer {
  readonly client: Client;
  readonly invite: ServerAddress;
  /** What is uploaded next: its content stays where it is. */
  lend(source: Source): void;
  /** Tells everybody, and leaves nothing behind. */
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
    const common = { clock, entropy, certificate: undefined, hosts };
    const open = await openFolder({ ...common, path: folder.data });
    return await start(context, options, open, folder.remove);
  } catch (error) {
    folder.remove();
    throw error;
  }
}

async function start(
  context: Context,
  options: ShareOptions,
  open: OpenFolder,
  forget: () => void,
): Promise<ShareServer> {
  const { clock } = context;
  const secret = toBase64Url(systemEntropy()(SECRET_BYTES));
  const loans = new Loans(options.onRead);
  const blobs = openBlobStore({
    disk: systemDisk(),
    folder: join(open.folder.path, "files"),
    sha256,
    lent: (about) => loans.readerOf(about),
  });
  const name = `files of ${options.user}`;
  const server = new Server({
    ...open,
    clock,
    entropy: systemEntropy(),
    settings: {
      name,
      version: VERSION,
      welcome: undefined,
      roomPassword: secret,
      files: QUOTAS_DEFAULT,
    },
    passwords: { hash: hashPassword, verify: verifyPassword },
    blobs: givingOnly(blobs, loans),
    onEvent: options.onEvent,
  });
  await server.start();
  const { fingerprint } = open.identity;
  const { port, listeners } = await openListeners(
    {
      host: options.listenHost,
      port: options.port,
      certificate: open.certificate,
      udp: "bbr",
      http: (port) => httpHandler({ name, fingerprint: formatFingerprint(fingerprint), port }),
    },
    server,
  );
  for (const listener of listeners) server.listen(listener);
  const network = new MemoryNetwork(clock);
  const certificateHash = systemEntropy()(32);
  server.listen(network.listen({ ...INSIDE, certificateHash }, server));
  const owner = await enter(context, options.user, secret, network.dialFrom(INSIDE.host));
  loans.belongTo(owner.account);
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
    lend: (source) => loans.lend(source),
    close: async () => {
      await owner.client.close();
      owner.state.close();
      await server.stop();
      await open.close();
      forget();
    },
  };
}

interface Owner {
  readonly client: Client;
  readonly state: ClientState;
  readonly account: string;
}

/** The one who shares is the first who comes in. Their home knows nothing of it. */
async function enter(context: Context, user: string, secret: string, dial: Dial): Promise<Owner> {
  const state = ClientState.inMemory();
  const client = new Client(
    {
      clock: context.clock,
      entropy: systemEntropy(),
      dial: () => dial(INSIDE),
      state,
      device: Identity.generate(),
    },
    {
      address: `${INSIDE.host}:${INSIDE.port}`,
      program: `chat/${VERSION}`,
      credentials: { user, mode: "register", roomSecret: secret },
      follow: "none",
      onPinned: () => {},
    },
  );
  const membership = await client.connect();
  return { client, state, account: membership?.account ?? "" };
}

/** Content of files of this machine that a blob store reads where it lies. */
class Loans {
  #account: string | undefined;
  #next: Source | undefined;
  /** By file id. As many as paths were given. */
  readonly #sources = new Map<string, Source>();
  readonly #onRead: ShareOptions["onRead"];
  /** Whose end is read once more before anybody gets it: that is for no receiver. */
  readonly #opening = new Set<FileId>(); // At most as many as `#sources`.

  constructor(onRead: ShareOptions["onRead"]) {
    this.#onRead = onRead;
  }

  belongTo(account: string): void {
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

  isOurs({ by }: BlobAbout): boolean {
    return by === this.#account;
  }

  readerOf(about: BlobAbout): ChunkReader | undefined {
    if (!this.isOurs(about)) return undefined;
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
        throw new Fault("file-changed", `${source.name} became shorter while it was read`);
      },
    };
  }
}

/** Nobody else puts anything on this disk, and what is lent takes no room on it. */
function givingOnly(blobs: BlobStore, loans: Loans): BlobStore {
  return {
    list: () => blobs.list(),
    open: (file) => loans.opening(file, () => blobs.open(file)),
    remove: (file) => blobs.remove(file),
    freeBytes: async () => Number.MAX_SAFE_INTEGER,
    create: async (about) => {
      if (loans.isOurs(about)) return blobs.create(about);
      throw new Fault("not-allowed", "files are only given away here", {
        remedy: "use a server: chat serve",
      });
    },
  };
}
