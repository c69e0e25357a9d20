/** Rows of `bench/hostile.ts`: attacks derived from the tables of messages, routes and commands. */
import { Fault } from "../src/base/fault.ts";
import { type HttpRoute, ROUTES } from "../src/server/http/handler.ts";
import { packValue } from "../src/wire/codec.ts";
import { NOTICES, type NoticeKind, REQUESTS, type RequestKind } from "../src/wire/messages.ts";
import { attackWith } from "../test/hostile/attacks.ts";
import { type Facts, fieldsOf } from "../test/hostile/examples.ts";
import { IRC_CAPS, IRC_LINES } from "../test/hostile/irc-lines.ts";
import { CallerParty } from "./hostile-party.ts";

const HOST = "127.0.0.1";
/** Below POSTS_PER_SECOND, so that the server does not refuse the requests for their pace. */
const PER_SECOND = 400;
const IN_FLIGHT = 64;
const HTTP_PER_SECOND = 180;
const RAW_PER_TURN = 20;
const TURN_MS = 50;

export interface Ports {
  readonly port: number;
  readonly ircPort: number;
}

/** Link of an account that attacks; `party` has logged in. */
interface Attacker extends Ports {
  readonly party: CallerParty;
  readonly facts: Facts;
  readonly token: string;
  readonly ircPassword: string;
  /** Number of links of this account, which share its pace. */
  readonly links: number;
  readonly isEnded: () => boolean;
}

interface Counts {
  accepted: number;
  refused: number;
}

type Row = (attacker: Attacker, counts: Counts) => Promise<void>;

const PATHS: Readonly<Record<HttpRoute, (attacker: Attacker) => string>> = {
  room: ({ facts }) => `/rooms/${facts.ownRoom}`,
  health: () => "/healthz",
  metrics: () => "/metrics",
  file: ({ facts }) => `/files/${facts.file}`,
  program: () => "/program",
  guide: () => "/help/class",
  certificate: () => "/ca.crt",
  "trusted-address": () => "/trust.json",
  trust: () => "/trust",
};

export const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["nothing", () => Promise.resolve()],
  ...(Object.keys(REQUESTS) as RequestKind[]).map((kind) => [kind, requests(kind)] as const),
  ...(Object.keys(NOTICES) as NoticeKind[]).map(
    (kind) => [`notice ${kind}`, messages(kind, false)] as const,
  ),
  ...[...Object.keys(REQUESTS), ...Object.keys(NOTICES)].map(
    (kind) => [`before log-in ${kind}`, messages(kind as RequestKind, true)] as const,
  ),
  ...(Object.keys(ROUTES) as HttpRoute[]).map((route) => [`http ${route}`, gets(route)] as const),
  ["http post", posts],
  ["http link", httpLinks],
  ...Object.entries(IRC_LINES).map(([name, line]) => [`irc ${name}`, irc(line)] as const),
]);

function requests(kind: RequestKind): Row {
  const attack = attackWith(kind);
  return async ({ party, facts, links, isEnded }, counts) => {
    let i = 0;
    const startedAt = performance.now();
    const work = async () => {
      while (!isEnded() && !party.caller.isEnded) {
        const dueAt = startedAt + (i * 1_000 * links) / PER_SECOND;
        if (dueAt > performance.now()) await Bun.sleep(dueAt - performance.now());
        await attack(party, facts, i++).then(
          () => counts.accepted++,
          (fault: unknown) => {
            if (!(fault instanceof Fault)) throw fault;
            counts.refused++;
          },
        );
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  };
}

function messages(kind: RequestKind | NoticeKind, isBeforeLogin: boolean): Row {
  return async ({ party, port, facts, isEnded }, counts) => {
    let link = isBeforeLogin ? await CallerParty.open(port) : await party.again(facts.user);
    for (let i = 0; !isEnded(); i++) {
      if (link.caller.isEnded) {
        link = await (isBeforeLogin ? CallerParty.open(port) : party.again(facts.user));
      }
      const ref = Object.hasOwn(REQUESTS, kind) ? { ref: 1 + i } : {};
      link.raw(packValue({ kind, ...ref, ...fieldsOf(kind, facts, i) }));
      counts.accepted++;
      if (i % RAW_PER_TURN === 0) await Bun.sleep(TURN_MS);
    }
  };
}

async function fetchMany(
  { port, isEnded }: Attacker,
  counts: Counts,
  path: string,
  init?: RequestInit,
): Promise<void> {
  const url = `https://${HOST}:${port}${path}`;
  while (!isEnded()) {
    const response = await fetch(url, { tls: { rejectUnauthorized: false }, ...init }).catch(
      () => undefined,
    );
    await response?.arrayBuffer();
    if (response?.ok === true) counts.accepted++;
    else counts.refused++;
    await Bun.sleep((IN_FLIGHT * 1_000) / HTTP_PER_SECOND / 8);
  }
}

function gets(route: HttpRoute): Row {
  return async (attacker, counts) => {
    const headers = { authorization: `Bearer ${attacker.token}` };
    const path = PATHS[route](attacker);
    await Promise.all(
      Array.from({ length: 8 }, () => fetchMany(attacker, counts, path, { headers })),
    );
  };
}

async function posts(attacker: Attacker, counts: Counts): Promise<void> {
  const headers = { authorization: `Bearer ${attacker.token}` };
  const init = { method: "POST", body: "text of a program", headers };
  await fetchMany(attacker, counts, PATHS.room(attacker), init);
}

async function httpLinks(attacker: Attacker, counts: Counts): Promise<void> {
  const { port, isEnded } = attacker;
  const tls = { rejectUnauthorized: false };
  while (!isEnded()) {
    const opened = await fetch(`https://${HOST}:${port}/link`, { method: "POST", tls });
    const id = (await opened.text()).trim();
    const url = `https://${HOST}:${port}/link/${id}?from=0`;
    const response = await fetch(url, { method: "POST", body: new Uint8Array(800_000), tls }).catch(
      () => undefined,
    );
    await response?.arrayBuffer();
    if (response?.ok === true) counts.accepted++;
    else counts.refused++;
  }
}

function irc(line: (facts: Facts, i: number) => string): Row {
  return async (attacker, counts) => {
    const { facts, ircPort, ircPassword, links, isEnded } = attacker;
    let i = 0;
    while (!isEnded()) {
      const closed = Promise.withResolvers<void>();
      const ready = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: HOST,
        port: ircPort,
        socket: {
          data: (_, bytes) => {
            if (bytes.includes(" 001 ")) ready.resolve();
          },
          close: () => closed.resolve(),
          error: () => closed.resolve(),
        },
      });
      socket.write(
        [
          `CAP REQ :${IRC_CAPS}`,
          `PASS ${facts.user}:${ircPassword}`,
          `NICK ${facts.user}`,
          `USER ${facts.user} 0 * :x`,
          "CAP END\r\n",
        ].join("\r\n"),
      );
      let isOpen = true;
      void closed.promise.then(() => {
        isOpen = false;
      });
      await Promise.race([ready.promise, closed.promise, Bun.sleep(2_000)]);
      while (isOpen && !isEnded()) {
        const count = Math.max(1, (PER_SECOND * TURN_MS) / 1_000 / links);
        const lines = Array.from({ length: count }, () => `${line(facts, i++)}\r\n`);
        socket.write(lines.join(""));
        counts.accepted += lines.length;
        await Bun.sleep(TURN_MS);
      }
      socket.end();
      if (!isEnded()) await Bun.sleep(TURN_MS);
    }
  };
}
