import { describe, expect, test } from "bun:test";
import type { RoomId } from "../../src/base/ids.ts";
import { UPLOADS_PER_ACCOUNT_MAX } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { openBlobStore } from "../../src/io/blob/blob-store.ts";
import { REQUESTS, type RequestKind, requestRow } from "../../src/wire/messages.ts";
import { SimDisk } from "../io/disk/sim.ts";
import { randomOf } from "../worlds/disk-world.ts";
import { AttackedSite, SiteParty } from "./attacked-site.ts";
import { attackWith, postIn } from "./attacks.ts";
import { fileIdOf } from "./examples.ts";
import { READS } from "./growth.ts";

/**
 * Requests on a server that others have filled take as long as on an empty one. CPU times of one
 * process are compared, so that they hardly depend on the machine and its load.
 */

const FILLERS = 8;
const MEMBERS = 400;
const THREADS = 200;
const REPLIES = 4;
const TEXTS = 400;
/** Recipients of each upload, most of which are previews. */
const RECIPIENTS = 16;
const RATIO_MAX = 3;
const ROUNDS = 4;
const RUNS = 6;
/** Differences below this are those of the runtime. */
const NOISE_MS = 0.3;

const EXCEPTIONS: Readonly<Partial<Record<RequestKind, string>>> = {
  who: "the answer lists the members",
  withdraw: "the simulated disk looks at all its files to remove a folder",
};

const ALL_KINDS = (Object.keys(REQUESTS) as RequestKind[]).filter(
  (kind) => requestRow(kind).role !== "operator",
);
/** A guess of the operator's token ends the connection. */
const KINDS = [...ALL_KINDS.filter((kind) => kind !== "operate"), "operate" as const];

/** Leaves what accounts may leave, in the room of the attacker and its victim. */
async function fill({ site, facts }: AttackedSite): Promise<void> {
  const parties: SiteParty[] = [];
  for (let i = 0; i < MEMBERS; i++) {
    const guest = await site.member(`member${i}`);
    await guest.request("join", { room: facts.room });
    if (i < FILLERS) parties.push(new SiteParty(site, guest, `10.1.0.${i + 1}`));
    else guest.hangUp();
  }
  const threads = async (party: SiteParty, i: number) => {
    for (let n = i; n < THREADS; n += FILLERS) {
      const root = await postIn(party, facts.room, `thread ${n}`);
      for (let reply = 0; reply < REPLIES; reply++) await replyIn(party, facts.room, root);
    }
  };
  await site.wait(Promise.all(parties.map(threads)));
  const to = Array.from({ length: RECIPIENTS }, (_, i) => `@member${10 + i}`);
  const uploads = async (party: SiteParty, i: number) => {
    for (let n = 0; n < UPLOADS_PER_ACCOUNT_MAX; n++) {
      const channel = await party.channel();
      const file = fileIdOf(10_000_000 + UPLOADS_PER_ACCOUNT_MAX * i + n);
      const isHanded = n % 10 === 0;
      const purpose = isHanded ? "handover" : "preview";
      const recipients = isHanded ? [`@member${20 + (n % MEMBERS) / 2}`] : to;
      await channel.ask("offer", { file, to: recipients, name: purpose, size: 1, purpose });
      channel.close();
    }
  };
  await site.wait(Promise.all(parties.map(uploads)));
  for (const party of parties) party.close();
  await site.quiet();
}

let counter = 0;
async function replyIn(party: SiteParty, to: string, re: number): Promise<void> {
  const outbox = `re${(++counter).toString(36)}`.padEnd(11, "A");
  await party.ask("post", { outbox, counter: 1, to, body: { text: "reply", re, thread: true } });
}

/** Any log has more than the block that the lookup of one record reads. */
async function begin(): Promise<AttackedSite> {
  // The simulated disk looks at all its files to list a folder.
  const disk = new SimDisk({ random: randomOf(1), unixMs: () => 1_800_000_000_000 }).boot();
  const blobs = () => openBlobStore({ disk, folder: "/d/files", sha256 });
  const attacked = await AttackedSite.open({ blobs });
  const { site, facts, victim } = attacked;
  for (let i = 0; i < TEXTS; i++) await site.wait(victim.post("x".repeat(400), facts.room));
  return attacked;
}

const opened = (async () => {
  const [empty, filled] = [await begin(), await begin()];
  await fill(filled);
  return { empty, filled };
})();

let runs = 0;
/** CPU time in ms of one attack. */
async function costOf(attacked: AttackedSite, kind: RequestKind): Promise<number> {
  const attack = attackWith(kind);
  expect(attacked.attacker.guest.ended).toBeUndefined();
  const counts = { accepted: 0, refused: new Map<string, number>() };
  const before = process.cpuUsage();
  const first = runs;
  runs += RUNS;
  await attacked.site.wait(
    attacked.start((party, facts, i) => attack(party, facts, first + i), RUNS, 1, counts),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / RUNS;
}

test("others have left much", async () => {
  const { filled } = await opened;
  const { site, facts } = filled;
  const { threads, members } = site.rooms.get(facts.roomId as RoomId) ?? {};
  expect([threads?.size, (members?.size ?? 0) > MEMBERS]).toEqual([THREADS, true]);
  const uploads = await site.wait(filled.attacker.ask("uploads", { handed: true }));
  expect(uploads["uploads"]).toEqual([]);
});

describe.each(KINDS)("%s", (kind) => {
  test(`reads ${READS[kind]}, whatever others have left`, async () => {
    const { empty, filled } = await opened;
    let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < ROUNDS; round++) {
      least = Math.min(least, await costOf(empty, kind));
      most = Math.min(most, await costOf(filled, kind));
      if (round > 0 && most <= RATIO_MAX * least) break;
    }
    if (EXCEPTIONS[kind] !== undefined) return;
    expect(most).toBeLessThanOrEqual(RATIO_MAX * least + NOISE_MS);
  });
});
