import { utf8Encode } from "../src/base/bytes.ts";
import type { Fault } from "../src/base/fault.ts";
import { ID_BYTES, outboxId } from "../src/base/ids.ts";
import { checkName } from "../src/base/names.ts";
import { DEFAULT_HEARTBEAT, Session, type SessionEffect } from "../src/core/session/session.ts";
import { makeDeviceCert } from "../src/crypto/device-cert.ts";
import { Identity } from "../src/crypto/identity.ts";
import { sha256 } from "../src/crypto/sha256.ts";
import { deviceProofBytes } from "../src/crypto/signed-bytes.ts";
import type { Link } from "../src/io/link/link.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { fingerprintWith, formatFingerprint } from "../src/wire/fingerprint.ts";
import {
  type Answer,
  type Notice,
  type NoticeOf,
  type PostBody,
  type RequestFields,
  type RequestKind,
  WIRE_VERSION,
} from "../src/wire/messages.ts";
import { PostCodec } from "../src/wire/post-message.ts";
import { newestVersion } from "../src/wire/since.ts";

/** Generous, because thousands of clients share a process. */
const DIAL_TIMEOUT_MS = 30_000;
const RECORD = utf8Encode("record");
/** Offset of a message's kind, after the map header, the key `kind`, and the string's length. */
const KIND_OFFSET = 7;

export function carriesRecords(bytes: Uint8Array): boolean {
  return RECORD.every((byte, i) => bytes[KIND_OFFSET + i] === byte);
}

export type Dial = (port: number) => Promise<Link>;

const dialSocket: Dial = (port) =>
  wsDial()({ host: "127.0.0.1", port, timeoutMs: DIAL_TIMEOUT_MS });

/** Minimal client for load tests: it checks no proofs and stores nothing. */
export class RawClient {
  readonly #link: Link;
  readonly #session = new Session("client", performance.now(), DEFAULT_HEARTBEAT, new PostCodec());
  readonly #pending = new Map<
    number,
    { resolve(answer: unknown): void; reject(e: unknown): void }
  >();
  readonly #welcome = Promise.withResolvers<NoticeOf<"welcome">>();
  readonly #closed = Promise.withResolvers<Fault | undefined>();
  /** Receives each message before it is decoded; returns true if the message needs no decoding. */
  onBytes: (bytes: Uint8Array) => boolean = () => false;
  onNotice: (notice: Notice) => void = () => {};
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));
  #counter = 0;
  readonly #outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));

  private constructor(link: Link) {
    this.#link = link;
    link.receive({
      message: (bytes) => {
        if (!this.onBytes(bytes)) this.#perform(this.#session.receive(bytes, performance.now()));
      },
      closed: (fault) => {
        this.#perform(this.#session.linkClosed(undefined));
        this.#closed.resolve(fault);
      },
    });
    const versions = [WIRE_VERSION];
    const nonce = this.#nonce;
    // A client that does not say what it knows is an old one, whose records are sent one by one.
    const hello = {
      kind: "hello",
      versions,
      client: "bench",
      nonce,
      knows: newestVersion(),
    } as const;
    this.#perform(this.#session.notify(hello));
  }

  static async connect(port: number, dial = dialSocket): Promise<RawClient> {
    const client = new RawClient(await dial(port));
    await client.#orClosed(client.#welcome.promise);
    return client;
  }

  static async register(
    port: number,
    user: string,
    onBytes?: RawClient["onBytes"],
    device: Identity = Identity.generate(),
    dial = dialSocket,
  ): Promise<RawClient> {
    const client = await RawClient.connect(port, dial);
    if (onBytes !== undefined) client.onBytes = onBytes;
    const welcome = await client.#welcome.promise;
    const account = Identity.generate();
    const server = formatFingerprint(fingerprintWith(welcome.server.key, sha256));
    const name = checkName(user);
    const request = {
      server,
      user: name,
      deviceKey: device.publicKey,
      kind: "cli",
      signedAtUnixMs: 0,
    } as const;
    const fields = {
      user,
      deviceKey: device.publicKey,
      accountKey: account.publicKey,
      deviceCert: makeDeviceCert(account, request),
    };
    await client.#orClosed(client.request("register", fields));
    return client;
  }

  static async login(
    port: number,
    user: string,
    device: Identity,
    after: number,
    onBytes: RawClient["onBytes"],
  ): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.onBytes = onBytes;
    const { certificate: certificateHash, nonce: serverNonce } = await client.#welcome.promise;
    const greeting = { certificateHash, clientNonce: client.#nonce, serverNonce };
    const signature = device.sign(deviceProofBytes(greeting, user));
    const fields = { user, deviceKey: device.publicKey, signature, after };
    await client.#orClosed(client.request("login", fields));
    return client;
  }

  async openDataChannel(): Promise<RawClient> {
    const { ticket } = await this.request("ticket", {});
    const channel = new RawClient(await this.#link.openChannel());
    await channel.#welcome.promise;
    await channel.request("lane", { ticket });
    return channel;
  }

  get closed(): Promise<Fault | undefined> {
    return this.#closed.promise;
  }

  async #orClosed<T>(promise: Promise<T>): Promise<T> {
    const end = this.closed.then((fault) => {
      throw fault ?? new Error("the link ended");
    });
    return await Promise.race([promise, end]);
  }

  notify(notice: Parameters<Session["notify"]>[0]): void {
    this.#perform(this.#session.notify(notice));
  }

  request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): Promise<Answer<Kind>> {
    const { ref, effects } = this.#session.request(kind, fields);
    return new Promise((resolve, reject) => {
      this.#pending.set(ref, { resolve: resolve as (answer: unknown) => void, reject });
      this.#perform(effects);
    });
  }

  post(to: string, text: string, fields: Omit<PostBody, "text"> = {}): Promise<Answer<"post">> {
    const counter = ++this.#counter;
    return this.request("post", { outbox: this.#outbox, counter, to, body: { text, ...fields } });
  }

  close(): void {
    this.#link.close();
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transmit") this.#link.send(effect.bytes, effect.tail);
      if (effect.kind === "answered") this.#pending.get(effect.ref)?.resolve(effect.reply.answer);
      if (effect.kind === "refused") this.#pending.get(effect.ref)?.reject(effect.fault);
      if (effect.kind === "answered" || effect.kind === "refused") this.#pending.delete(effect.ref);
      if (effect.kind === "close") this.#closed.resolve(effect.fault);
      if (effect.kind !== "notice") continue;
      if (effect.notice.kind === "welcome") this.#welcome.resolve(effect.notice);
      else this.onNotice(effect.notice);
    }
  }
}
