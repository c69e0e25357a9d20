import { afterAll, expect, test } from "bun:test";
import { Session } from "../../src/core/session/session.ts";
import { makeServerProof } from "../../src/crypto/greeting.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { systemClock } from "../../src/io/clock.ts";
import type { Link, Listener } from "../../src/io/link/link.ts";
import { listenQuic } from "../../src/io/quic/listener.ts";
import { listenWs } from "../../src/io/ws/listener.ts";
import { unpackValue } from "../../src/wire/codec.ts";
import { formatFingerprint } from "../../src/wire/fingerprint.ts";
import type { NoticeOf } from "../../src/wire/messages.ts";
import { certificate, HOST } from "../io/quic-relays.ts";
import { Sandbox } from "./program.ts";

type Way = "tcp" | "udp";
type Mask = "own key" | "stolen proof";

class Impostor {
  readonly identity: Identity;
  readonly port: number;
  readonly received: Uint8Array[] = [];
  readonly #mask: Mask;
  readonly #listener: Listener;

  constructor(way: Way, mask: Mask, identity = Identity.generate()) {
    this.#mask = mask;
    this.identity = identity;
    const events = { accept: () => true, link: (link: Link) => this.#receive(link) };
    const where = { host: HOST, port: 0, tls: certificate };
    const http = () => new Response();
    this.#listener =
      way === "udp" ? listenQuic(where, events) : listenWs({ ...where, http }, events);
    this.port = this.#listener.port;
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  #receive(link: Link): void {
    const session = new Session("server", systemClock().now());
    link.receive({
      message: (bytes) => {
        this.received.push(bytes.slice());
        for (const effect of session.receive(bytes, systemClock().now())) {
          if (effect.kind === "transmit") link.send(effect.bytes);
          if (effect.kind === "close") link.close();
          if (effect.kind !== "notice" || effect.notice.kind !== "hello") continue;
          const welcome = this.#welcome(link, effect.notice);
          for (const { kind, ...rest } of session.notify(welcome)) {
            if (kind === "transmit" && "bytes" in rest) link.send(rest.bytes);
          }
        }
      },
      closed: () => {},
    });
  }

  #welcome({ certificateHash }: Link, hello: NoticeOf<"hello">): NoticeOf<"welcome"> {
    const serverNonce = new Uint8Array(32).fill(1);
    const clientNonce = new Uint8Array(hello.nonce);
    const elsewhere = new Uint8Array(32).fill(9);
    const signedHash = this.#mask === "own key" ? certificateHash : elsewhere;
    const greeting = { certificateHash: signedHash, clientNonce, serverNonce };
    return {
      kind: "welcome",
      version: 3,
      server: { name: "impostor", key: this.identity.publicKey },
      nonce: serverNonce,
      certificate: certificateHash,
      proof: makeServerProof(this.identity, greeting),
      needs: "password",
      limits: { messageBytes: 1_000_000, textBytes: 65_536 },
    };
  }
}

const stops: Promise<void>[] = [];
afterAll(() => Promise.all(stops));

const SECRETS = ["my-words", "ana-name", "ana-password", "room-secret", "my-file"];

function orders(sandbox: Sandbox): (readonly string[])[] {
  const path = sandbox.write("my-file", "my-words");
  return [
    ["send", "my-words"],
    ["join", "--register"],
    ["send-file", path],
    ["history", "--grep", "my-words"],
  ];
}

test.each([
  ["tcp", "own key"],
  ["udp", "stolen proof"],
] as const)("over %s, an impostor with %s receives only a hello and a bye", async (way, mask) => {
  await using sandbox = new Sandbox();
  const real = Identity.generate();
  const impostor = new Impostor(way, mask, mask === "own key" ? undefined : real);
  const env = {
    CHAT_USER: "ana-name",
    CHAT_PASSWORD: "ana-password",
    CHAT_ROOM_PASSWORD: "room-secret",
    CHAT_SERVER: `${HOST}:${impostor.port}`,
  };
  const pinned = formatFingerprint(real.fingerprint);
  // Over UDP, each connection needs a second to close.
  await Promise.all(
    orders(sandbox).map(async ([order = "", ...args]) => {
      const options = ["--transport", way, "--fingerprint", pinned];
      const home = sandbox.home(order).with(env);
      const ran = await home.run([order, ...args, ...options], { stdin: "my-words\n" });
      expect([order, ran.exitCode, ran.out]).toEqual([order, 6, ""]);
      expect(ran.err).toStartWith("chat: ");
    }),
  );
  const messages = impostor.received.map((bytes) => unpackValue(bytes) as Record<string, unknown>);
  // A client repeats an attempt without a proof three times, as a proxy may have been renewed.
  const attempts = mask === "own key" ? 1 : 4;
  const hellos = messages.filter(({ kind }) => kind === "hello");
  expect(hellos).toHaveLength(attempts * orders(sandbox).length);
  for (const message of messages) {
    const words = message["kind"] === "hello" ? HELLO_FIELDS : BYE_FIELDS;
    expect(words).toEqual(expect.arrayContaining(Object.keys(message).filter(isNotKind)));
    if (message["kind"] === "bye") expect(message["code"]).toBe("fingerprint-changed");
    else expect(message["kind"]).toBe("hello");
  }
  const bytes = Buffer.concat(impostor.received);
  expect(SECRETS.filter((secret) => bytes.includes(secret))).toEqual([]);
  stops.push(impostor.stop());
});

const HELLO_FIELDS = ["client", "knows", "nonce", "versions"];
const BYE_FIELDS = ["code", "message", "remedy"];

function isNotKind(field: string): boolean {
  return field !== "kind";
}
