import { checkName } from "../../src/base/names.ts";
import { Session, type SessionEffect } from "../../src/core/session/session.ts";
import { makeDeviceCert } from "../../src/crypto/device-cert.ts";
import { verifyServerProof } from "../../src/crypto/greeting.ts";
import { fingerprintOf, Identity } from "../../src/crypto/identity.ts";
import { formatFingerprint } from "../../src/wire/fingerprint.ts";
import type {
  Answer,
  Notice,
  NoticeOf,
  RequestFields,
  RequestKind,
} from "../../src/wire/messages.ts";
import { within } from "../event.ts";

export interface TabOptions {
  /** Token of `chat web`, without which it refuses the WebSocket. */
  readonly token?: string;
  readonly origin?: string;
  readonly ca?: string;
}

export class Tab {
  readonly device = Identity.generate();
  readonly notices: Notice[] = [];
  readonly closed = Promise.withResolvers<number>();
  readonly #socket: WebSocket;
  readonly #session = new Session("client", performance.now());
  readonly #open = new Map<number, (effect: SessionEffect) => void>();
  readonly #nonce = crypto.getRandomValues(new Uint8Array(32));
  #changed = Promise.withResolvers<void>();

  constructor(url: string, { token, origin = new URL(url).origin, ca }: TabOptions = {}) {
    const { host, protocol } = new URL(url);
    const query = token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
    const place = `${protocol === "https:" ? "wss" : "ws"}://${host}/ws${query}`;
    const tls = ca === undefined ? {} : { tls: { ca } };
    this.#socket = new WebSocket(place, { headers: { origin }, ...tls });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      const hello = { versions: [3], client: "tab", nonce: this.#nonce };
      this.#perform(this.#session.notify({ kind: "hello", ...hello }));
    };
    this.#socket.onmessage = ({ data }) =>
      this.#perform(this.#session.receive(new Uint8Array(data), performance.now()));
    this.#socket.onclose = ({ code }) => {
      this.#perform(this.#session.linkClosed(undefined));
      this.closed.resolve(code);
    };
  }

  static async open(url: string, user: string, secret: string, more?: TabOptions): Promise<Tab> {
    const tab = new Tab(url, more);
    await tab.register(user, secret);
    return tab;
  }

  async register(user: string, secret: string): Promise<void> {
    const welcome = await this.notice("welcome");
    if (welcome.needs === "password") await this.ask("admit", { secret });
    const account = Identity.generate();
    const deviceKey = this.device.publicKey;
    const deviceCert = makeDeviceCert(account, {
      server: formatFingerprint(fingerprintOf(welcome.server.key)),
      user: checkName(user),
      deviceKey,
      kind: "web",
      signedAtUnixMs: Date.now(),
    });
    const keys = { deviceKey, accountKey: account.publicKey, deviceCert };
    await this.ask("register", { user, ...keys });
    await this.notice("caught-up");
  }

  async isProven(): Promise<boolean> {
    const { server, certificate, nonce, proof } = await this.notice("welcome");
    const greeting = { certificateHash: certificate, clientNonce: this.#nonce, serverNonce: nonce };
    return verifyServerProof(server.key, greeting, proof);
  }

  ask<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    const { ref, effects } = this.#session.request(kind, fields);
    const answer = new Promise<Answer<Kind>>((resolve, reject) => {
      this.#open.set(ref, (effect) => {
        if (effect.kind === "answered") resolve(effect.reply.answer as Answer<Kind>);
        if (effect.kind === "refused") reject(effect.fault);
      });
    });
    this.#perform(effects);
    return within(`the answer to ${kind}`, answer);
  }

  notice<Kind extends Notice["kind"]>(
    kind: Kind,
    fits: (notice: NoticeOf<Kind>) => boolean = () => true,
  ): Promise<NoticeOf<Kind>> {
    const look = async () => {
      for (;;) {
        const all = this.notices.filter((one): one is NoticeOf<Kind> => one.kind === kind);
        const found = all.find(fits);
        if (found !== undefined) return found;
        await this.#changed.promise;
      }
    };
    return within(`a '${kind}'`, look());
  }

  close(): void {
    this.#socket.close();
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transmit") this.#socket.send(new Uint8Array(effect.bytes));
      if (effect.kind === "notice") this.notices.push(effect.notice);
      if (effect.kind === "close") {
        const { fault } = effect;
        const { code = "link-closed", message = "" } = fault ?? {};
        this.notices.push({ kind: "bye", code, message });
      }
      if ("ref" in effect) this.#open.get(effect.ref)?.(effect);
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
