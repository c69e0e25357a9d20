import { describe, expect, test } from "bun:test";
import { type HttpRoute, ROUTES } from "../../src/server/http/handler.ts";
import { packValue } from "../../src/wire/codec.ts";
import { NOTICES, type NoticeKind, REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import {
  AttackedSite,
  MEDIAN_SYNCS_MAX,
  median,
  POSTS_BYTES,
  SiteParty,
  SYNC_MS,
  WORST_SYNCS_MAX,
} from "./attacked-site.ts";
import { type Facts, fieldsOf } from "./examples.ts";

/** Every kind of message before the log-in, every notice after it, and every HTTP route. */

const COUNT = 200;
/** Checkpoints and the reports of guesses. */
const STORED_BYTES_MAX = 8_000;
/** A burst of posts with a token (HTTP_POSTS_BURST), and a few more. */
const POSTED_BYTES_MAX = 90 * 400;
const attackedSite = AttackedSite.open({}, SYNC_MS);
let host = 1;

async function expectCalm(
  attacked: AttackedSite,
  bytes: number,
  bytesMax = STORED_BYTES_MAX,
): Promise<void> {
  const waitedSyncs = await attacked.waitedSyncs(SYNC_MS);
  expect(median(waitedSyncs)).toBeLessThanOrEqual(MEDIAN_SYNCS_MAX);
  expect(waitedSyncs.at(-1)).toBeLessThanOrEqual(WORST_SYNCS_MAX);
  expect(attacked.storedBytes - bytes - POSTS_BYTES).toBeLessThan(bytesMax);
}

async function flood(party: SiteParty, attacked: AttackedSite, kind: RequestKind | NoticeKind) {
  const bytes = attacked.storedBytes;
  for (let i = 0; i < COUNT; i++) {
    const ref = Object.hasOwn(REQUESTS, kind) ? { ref: 1 + i } : {};
    party.raw(packValue({ kind, ...ref, ...fieldsOf(kind, attacked.facts, i) }));
  }
  await expectCalm(attacked, bytes);
  party.close();
}

const KINDS = [...Object.keys(REQUESTS), ...Object.keys(NOTICES)] as (RequestKind | NoticeKind)[];

test.each(KINDS)("%s before the log-in stores nothing and delays nobody", async (kind) => {
  const attacked = await attackedSite;
  const { site } = attacked;
  await flood(await site.wait(SiteParty.open(site, `10.1.0.${host++}`)), attacked, kind);
});

test.each(Object.keys(NOTICES) as NoticeKind[])(
  "the notice %s of a member stores nothing and delays nobody",
  async (kind) => {
    const attacked = await attackedSite;
    const { site } = attacked;
    const party = await site.wait(SiteParty.open(site, `10.2.0.${host++}`));
    await site.wait(party.ask("register", party.registration(`member${host}`)));
    await flood(party, attacked, kind);
  },
);

interface HttpAttack {
  readonly path: string;
  readonly init?: RequestInit;
  /** Status of the answer. */
  readonly status: number;
}

const ATTACKS: Readonly<Record<HttpRoute, (facts: Facts, token: string, i: number) => HttpAttack>> =
  {
    room: ({ ownRoom: room }, token, i) =>
      i % 2 === 0
        ? {
            path: `/rooms/${room}`,
            init: {
              method: "POST",
              body: `text ${i}`,
              headers: { authorization: `Bearer ${token}` },
            },
            status: 200,
          }
        : { path: `/rooms/${room}`, status: 401 },
    health: () => ({ path: "/healthz", status: 200 }),
    metrics: () => ({
      path: "/metrics",
      init: { headers: { authorization: "Bearer wrong" } },
      status: 401,
    }),
    file: ({ file }) => ({ path: `/files/${file}`, status: 404 }),
    program: () => ({ path: "/program", status: 200 }),
    guide: () => ({ path: "/help/class", status: 404 }),
    certificate: () => ({ path: "/ca.crt", status: 404 }),
    "trusted-address": () => ({ path: "/trust.json", status: 404 }),
    trust: () => ({ path: "/trust", status: 404 }),
  };

describe.each(Object.keys(ROUTES) as HttpRoute[])("the route %s", (route) => {
  test("stores nothing beyond the account's limit, and delays nobody", async () => {
    const attacked = await AttackedSite.open({ textsBytesPerDay: 12_000 }, SYNC_MS);
    const { site, facts, attacker } = attacked;
    const { token } = await site.wait(attacker.ask("invite", { post: facts.ownRoom }));
    const bytes = attacked.storedBytes;
    const answers = Array.from({ length: COUNT }, async (_, i) => {
      const { path, init, status } = ATTACKS[route](facts, String(token), i);
      expect(path).toMatch(ROUTES[route]);
      const response = await site.fetch(path, init);
      await response.arrayBuffer();
      return [response.status, status];
    });
    await expectCalm(attacked, bytes, POSTED_BYTES_MAX);
    const statuses = await site.wait(Promise.all(answers));
    expect(statuses.some(([status, expected]) => status === expected)).toBeTrue();
  });
});
