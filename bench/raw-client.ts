import { utf8Encode } from "../src/base/bytes.ts";
import type { Fault } from "../src/base/fault.ts";
import { checkName } from "../src/base/names.ts";
import { Session, type SessionEffect } from "../src/core/session/session.ts";
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
  type RequestFields,
  type RequestKind,
  VERSION,
} from "../src/wire/messages.ts";

/** Thousands that share a process wait for each other. */
const DIAL_WITHIN_MS = 30_000;
/** `record` or `records`. */
const RECORD = utf8Encode("record");
/** Where the kind of a message begins: map, `kind`, and the length of the text. */
const KIND_AT = 7;

/** Whether a message carries records: who only counts need not decode them. */
export function carriesRecords(bytes: Uint8Array): boolean {
  return RECORD.every((byte, i) => bytes[KIND_AT + i] === byte);
}

/**
 * A client with nothing around it, for load: it checks no proof, keeps nothing, and leaves the
 * counting of records to whoever made it.
 */
export class RawClient {
  readonly #link: Link;
  readonly #session = new Session("client", performance.now());
  readonly #waiting = new Map<
    number,
    { resolve(answer: unknown): void; reject(e: unknown): void }
  >();
  readonly #welcome = Promise.withResolvers<NoticeOf<"welcome">>();
  readonly #ended = Promise.withResolvers<Fault | undefined>();
  /** Sees each message before it is decoded; true: that was all. */
  onBytes: (bytes: Uint8Array) => boolean = () => false;
  onNotice: (notice: Notice) => void = () => {};
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));
  #counter = 0;
  readonly #outbox = crypto.getRandomValues(new Uint8Array(8)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });

  private constructor(link: Link) {
    this.#link = link;
    link.receive({
      message: (bytes) => {
        if (!this.onBytes(bytes)) this.#perform(this.#session.receive(bytes, performance.now()));
      },
      closed: (fault) => {
        this.#perform(this.#session.ended(undefined));
        this.#ended.resolve(fault);
      },
    });
    const versions = [VERSION];
    const nonce = this.#nonce;
    this.#perform(this.#session.tell({ kind: "hello", versions, client: "bench", nonce }));
  }

  /** Dials, and hears the server's greeting. */
  static async greet(port: number): Promise<RawClient> {
    const client = new RawClient(
      await wsDial()({ host: "127.0.0.1", port, timeoutMs: DIAL_WITHIN_MS }),
    );
    await client.#orEnd(client.#welcome.promise);
    return client;
  }

  /** Greets, and registers a new name without a password on a server that is open. */
  static async register(
    port: number,
    user: string,
    onBytes?: RawClient["onBytes"],
    device: Identity = Identity.generate(),
  ): Promise<RawClient> {
    const client = await RawClient.greet(port);
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
    await client.#orEnd(client.ask("register", fields));
    return client;
  }

  /** Greets, and logs in as the account that this device has registered. */
  static async login(
    port: number,
    user: string,
    device: Identity,
    after: number,
    onBytes: RawClient["onBytes"],
  ): Promise<RawClient> {
    const client = await RawClient.greet(port);
    client.onBytes = onBytes;
    const { certificate: certificateHash, nonce: serverNonce } = await client.#welcome.promise;
    const greeting = { certificateHash, clientNonce: client.#nonce, serverNonce };
    const signature = device.sign(deviceProofBytes(greeting, user));
    const fields = { user, deviceKey: device.publicKey, signature, after };
    await client.#orEnd(client.ask("login", fields));
    return client;
  }

  /** A second link, on which files travel. */
  async lane(): Promise<RawClient> {
    const { ticket } = await this.ask("ticket", {});
    const lane = new RawClient(await this.#link.openChannel());
    await lane.#welcome.promise;
    await lane.ask("lane", { ticket });
    return lane;
  }

  /** Why the server has ended it. */
  get ended(): Promise<Fault | undefined> {
    return this.#ended.promise;
  }

  /** @throws Fault, or Error if the link ends before */
  async #orEnd<T>(promise: Promise<T>): Promise<T> {
    const end = this.ended.then((fault) => {
      throw fault ?? new Error("the link ended");
    });
    return await Promise.race([promise, end]);
  }

  tell(notice: Parameters<Session["tell"]>[0]): void {
    this.#perform(this.#session.tell(notice));
  }

  ask<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    const { ref, effects } = this.#session.ask(kind, fields);
    return new Promise((resolve, reject) => {
      this.#waiting.set(ref, { resolve: resolve as (answer: unknown) => void, reject });
      this.#perform(effects);
    });
  }

  /** Resolves when it is durable. */
  post(to: string, text: string): Promise<Answer<"post">> {
    const counter = ++this.#counter;
    return this.ask("post", { outbox: this.#outbox, counter, to, body: { text } });
  }

  close(): void {
    this.#link.close();
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transmit") this.#link.send(effect.bytes, effect.tail);
      if (effect.kind === "answered") this.#waiting.get(effect.ref)?.resolve(effect.reply.answer);
      if (effect.kind === "refused") this.#waiting.get(effect.ref)?.reject(effect.fault);
      if (effect.kind === "answered" || effect.kind === "refused") this.#waiting.delete(effect.ref);
      if (effect.kind === "close") this.#ended.resolve(effect.fault);
      if (effect.kind !== "notice") continue;
      if (effect.notice.kind === "welcome") this.#welcome.resolve(effect.notice);
      else this.onNotice(effect.notice);
    }
  }
}
