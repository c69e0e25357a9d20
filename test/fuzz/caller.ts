import { Fault } from "../../src/base/fault.ts";
import { Session, type SessionEffect } from "../../src/core/session/session.ts";
import type { Link } from "../../src/io/link/link.ts";
import { wsDial } from "../../src/io/ws/dial.ts";
import type { NoticeOf, RequestFields, RequestKind } from "../../src/wire/messages.ts";
import { makeDeviceProof } from "../crypto/device-proof.ts";
import { type Keys, newKeys, registrationOf } from "../server/guest.ts";

export type Outcome =
  | { readonly kind: "answered"; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly kind: "refused"; readonly fault: Fault };

const DIAL_MS = 60_000;

export class Caller {
  readonly link: Link;
  readonly keys: Keys;
  wrong: Fault | undefined;
  why: Fault | undefined;
  readonly ended: Promise<void>;
  isEnded = false;
  serverKey: Uint8Array = new Uint8Array(32);
  readonly #session = new Session("client", performance.now());
  readonly #open = new Map<number, (outcome: Outcome) => void>();
  readonly #welcome = Promise.withResolvers<NoticeOf<"welcome">>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));

  private constructor(link: Link, keys: Keys) {
    this.link = link;
    this.keys = keys;
    this.ended = this.#ended.promise;
    this.#welcome.promise.catch(() => undefined); // Some callers never await it.
    link.receive({
      message: (bytes) => {
        const effects = this.#session.receive(bytes, performance.now());
        const closing = effects.find(({ kind }) => kind === "close");
        const saysBye = effects.some(({ kind }) => kind === "transmit");
        // This client closed the link, because the server sent an invalid message.
        if (closing?.kind === "close" && saysBye) this.wrong ??= closing.fault;
        this.#perform(effects);
      },
      closed: (fault) => {
        if (fault?.code === "frame-malformed" || fault?.code === "too-large") this.wrong ??= fault;
        this.#perform(this.#session.linkClosed(fault));
        this.#end();
        this.#welcome.reject(new Fault("link-closed", "the link ended before a greeting"));
      },
    });
  }

  static async bare(port: number, keys: Keys = newKeys()): Promise<Caller> {
    const link = await wsDial()({ host: "127.0.0.1", port, timeoutMs: DIAL_MS });
    return new Caller(link, keys);
  }

  static async greeted(port: number, keys?: Keys): Promise<Caller> {
    const caller = await Caller.bare(port, keys);
    await caller.#sendHello();
    return caller;
  }

  async lane(): Promise<Caller> {
    const lane = new Caller(await this.link.openChannel(), this.keys);
    await lane.#sendHello();
    return lane;
  }

  get phase(): string {
    return this.#session.phase;
  }

  async #sendHello(): Promise<void> {
    this.send({ kind: "hello", versions: [3], client: "fuzz", nonce: this.#nonce });
    await this.#welcome.promise;
  }

  async register(name: string): Promise<Outcome> {
    const { server } = await this.#welcome.promise;
    return this.ask("register", { ...registrationOf(this.keys, server.key, name) });
  }

  async login(user: string): Promise<Outcome> {
    const { nonce: serverNonce } = await this.#welcome.promise;
    const { certificateHash } = this.link;
    const greeting = { certificateHash, clientNonce: this.#nonce, serverNonce };
    const signature = makeDeviceProof(this.keys.device, greeting, user);
    return this.ask("login", { user, deviceKey: this.keys.device.publicKey, signature });
  }

  ask(kind: RequestKind, fields: Readonly<Record<string, unknown>>): Promise<Outcome> {
    const { ref, effects } = this.#session.request(kind, fields as RequestFields<typeof kind>);
    const outcome = new Promise<Outcome>((resolve) => this.#open.set(ref, resolve));
    this.#perform(effects);
    return outcome;
  }

  send(notice: Parameters<Session["notify"]>[0]): void {
    this.#perform(this.#session.notify(notice));
  }

  raw(bytes: Uint8Array): void {
    this.link.send(bytes);
  }

  close(): void {
    this.link.close();
  }

  #end(): void {
    this.isEnded = true;
    const fault = this.wrong ?? new Fault("link-closed", "the link ended");
    for (const settle of this.#open.values()) settle({ kind: "refused", fault });
    this.#open.clear();
    this.#ended.resolve();
  }

  #settle(ref: number, outcome: Outcome): void {
    this.#open.get(ref)?.(outcome);
    this.#open.delete(ref);
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transmit") this.link.send(effect.bytes, effect.tail);
      if (effect.kind === "answered") {
        const { answer } = effect.reply;
        this.#settle(effect.ref, { kind: "answered", answer: { ...answer } });
      }
      if (effect.kind === "refused") {
        this.#settle(effect.ref, { kind: "refused", fault: effect.fault });
      }
      if (effect.kind === "notice" && effect.notice.kind === "welcome") {
        this.serverKey = effect.notice.server.key;
        this.#welcome.resolve(effect.notice);
      }
      if (effect.kind === "close") {
        this.why ??= effect.fault;
        this.link.close();
        this.#end();
      }
    }
  }
}
