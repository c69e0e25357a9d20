import { Fault } from "../../src/base/fault.ts";
import { checkName } from "../../src/base/names.ts";
import { Session, type SessionEffect } from "../../src/core/session/session.ts";
import { makeDeviceCert } from "../../src/crypto/device-cert.ts";
import { verifyServerProof } from "../../src/crypto/greeting.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Greeting } from "../../src/crypto/signed-bytes.ts";
import type { Link } from "../../src/io/link/link.ts";
import { fingerprintWith, formatFingerprint } from "../../src/wire/fingerprint.ts";
import {
  type Answer,
  type Notice,
  type NoticeOf,
  type PostBody,
  type RequestFields,
  type RequestKind,
  WIRE_VERSION,
  type WireRecord,
} from "../../src/wire/messages.ts";
import type { Head } from "../../src/wire/record.ts";
import { newestVersion } from "../../src/wire/since.ts";
import { makeDeviceProof } from "../crypto/device-proof.ts";
import type { Site } from "./site.ts";

export interface Keys {
  readonly device: Identity;
  readonly account: Identity;
}

export function newKeys(): Keys {
  return { device: Identity.generate(), account: Identity.generate() };
}

export function registrationOf(
  { device, account }: Keys,
  serverKey: Uint8Array,
  name: string,
): RequestFields<"register"> {
  return {
    user: name,
    deviceKey: device.publicKey,
    accountKey: account.publicKey,
    deviceCert: makeDeviceCert(account, {
      server: formatFingerprint(fingerprintWith(serverKey, sha256)),
      user: checkName(name),
      deviceKey: device.publicKey,
      kind: "cli",
      signedAtUnixMs: 1_800_000_000_000,
    }),
  };
}

/** Records and presence are separated, because few tests depend on their packing. */
type GuestNotice =
  | Exclude<Notice, { readonly kind: "records" | "presences" }>
  | ({ readonly kind: "record" } & WireRecord)
  | { kind: "presence"; room: string; user: string; online: boolean }
  | { kind: "status"; room: string; user: string; status?: string | undefined };
type NoticeTo<Kind extends GuestNotice["kind"]> = Extract<GuestNotice, { readonly kind: Kind }>;

export interface ReceivedRecord {
  readonly head: Head;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly from: string | undefined;
}

type Settle = (outcome: object | Fault) => void;

export class Guest {
  readonly site: Site;
  readonly link: Link;
  readonly keys: Keys;
  readonly notices: GuestNotice[] = [];
  ended: { fault: Fault | undefined } | undefined;
  welcome: NoticeOf<"welcome"> | undefined;
  takes: (bytes: Uint8Array) => boolean = () => false;
  program = "guest";
  knows: string | undefined = newestVersion();
  readonly nonce: Uint8Array;
  readonly #session: Session;
  readonly #open = new Map<number, Settle>();
  #counter = 0;

  constructor(site: Site, link: Link, keys: Keys) {
    this.site = site;
    this.link = link;
    this.keys = keys;
    this.nonce = site.entropy(32);
    this.#session = new Session("client", site.clock.now());
    link.receive({
      message: (bytes) => {
        if (this.takes(bytes)) return;
        this.#perform(this.#session.receive(bytes, site.clock.now()));
      },
      closed: (fault) => {
        this.#perform(this.#session.linkClosed(fault));
        this.ended ??= { fault };
      },
    });
  }

  async greet(
    versions: readonly number[] = [WIRE_VERSION],
    seen?: NoticeOf<"hello">["seen"],
  ): Promise<NoticeOf<"welcome">> {
    const hello = {
      kind: "hello",
      versions: [...versions],
      client: this.program,
      nonce: this.nonce,
      knows: this.knows,
      ...(seen === undefined ? {} : { seen }),
    };
    this.#perform(this.#session.notify(hello as NoticeOf<"hello">));
    const welcome = await this.until("welcome");
    this.welcome = welcome;
    return welcome;
  }

  get greeting(): Greeting {
    const serverNonce = this.welcome?.nonce ?? new Uint8Array(32);
    return { certificateHash: this.link.certificateHash, clientNonce: this.nonce, serverNonce };
  }

  get isProven(): boolean {
    const { welcome } = this;
    return (
      welcome !== undefined && verifyServerProof(welcome.server.key, this.greeting, welcome.proof)
    );
  }

  /** Sends a request immediately. `site.wait` advances the time until the answer. */
  send<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    const { ref, effects } = this.#session.request(kind, fields);
    const answer = new Promise<object>((resolve, reject) => {
      this.#open.set(ref, (outcome) => {
        if (outcome instanceof Fault) reject(outcome);
        else resolve(outcome);
      });
    });
    answer.catch(() => undefined); // Unobserved rejections must not fail the test.
    this.#perform(effects);
    return answer as Promise<Answer<Kind>>;
  }

  request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): Promise<Answer<Kind>> {
    return this.site.wait(this.send(kind, fields));
  }

  async refused<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Fault> {
    try {
      await this.request(kind, fields);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
    throw new Error(`'${kind}' was not refused`);
  }

  async refusal<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): Promise<string> {
    return (await this.refused(kind, fields)).code;
  }

  registration(name: string, password?: string): RequestFields<"register"> {
    const fields = registrationOf(this.keys, this.welcome?.server.key ?? new Uint8Array(32), name);
    return password === undefined ? fields : { ...fields, password };
  }

  signedLogin(name: string, after?: number): RequestFields<"login"> {
    return {
      user: name,
      deviceKey: this.keys.device.publicKey,
      signature: makeDeviceProof(this.keys.device, this.greeting, name),
      ...(after === undefined ? {} : { after }),
    };
  }

  passwordLogin(name: string, password: string): RequestFields<"login"> {
    return { user: name, deviceKey: this.keys.device.publicKey, password };
  }

  post(
    text: string,
    to = "lobby",
    outbox = "AAAAAAAAAAA",
    fields: Partial<PostBody> = {},
  ): Promise<Answer<"post">> {
    const body = { text, ...fields };
    return this.send("post", { outbox, counter: ++this.#counter, to, body });
  }

  notify(notice: Parameters<Session["notify"]>[0]): void {
    this.#perform(this.#session.notify(notice));
  }

  raw(bytes: Uint8Array): void {
    this.link.send(bytes);
  }

  hangUp(): void {
    this.link.destroy();
  }

  all<Kind extends GuestNotice["kind"]>(kind: Kind): NoticeTo<Kind>[] {
    return this.notices.filter((notice): notice is NoticeTo<Kind> => notice.kind === kind);
  }

  until<Kind extends GuestNotice["kind"]>(kind: Kind, count = 1): Promise<NoticeTo<Kind>> {
    return this.site.until(`${count} ${kind}`, () => this.all(kind)[count - 1]);
  }

  untilEnded(): Promise<{ fault: Fault | undefined }> {
    return this.site.until("the end of a link", () => this.ended);
  }

  room(name: string): NoticeOf<"room"> | undefined {
    return this.all("room").findLast((room) => room.name === name || room.with === name);
  }

  roomId(name = "lobby"): string {
    return this.room(name)?.room ?? "";
  }

  get records(): ReceivedRecord[] {
    return this.all("record").map(read);
  }

  texts(room?: string): string[] {
    return this.records
      .filter(({ head }) => head.kind === "text" && (room === undefined || head.room === room))
      .map(({ body }) => String(body?.["text"]));
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "transmit") this.link.send(effect.bytes, effect.tail);
      if (effect.kind === "notice") this.notices.push(...single(effect.notice));
      if (effect.kind === "answered") this.#open.get(effect.ref)?.(effect.reply.answer);
      if (effect.kind === "refused") this.#open.get(effect.ref)?.(effect.fault);
      if (effect.kind === "close") {
        this.ended = { fault: effect.fault };
        this.link.close();
      }
    }
  }
}

function single(notice: Notice): GuestNotice[] {
  if (notice.kind === "presences") {
    const { room, online, offline, statuses = [] } = notice;
    return [
      ...online.map((user) => ({ kind: "presence", room, user, online: true }) as const),
      ...offline.map((user) => ({ kind: "presence", room, user, online: false }) as const),
      ...statuses.map((status) => ({ kind: "status", room, ...status }) as const),
    ];
  }
  if (notice.kind !== "records") return [notice];
  return notice.records.map((record) => ({ kind: "record", ...record }));
}

export function read({ head, body, from }: WireRecord): ReceivedRecord {
  return { head: headOf({ head }), body: body && JSON.parse(Buffer.from(body).toString()), from };
}

export function headOf({ head }: Pick<WireRecord, "head">): Head {
  return JSON.parse(Buffer.from(head).toString());
}
