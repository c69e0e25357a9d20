import { expect, test } from "bun:test";
import {
  KEY_PACKAGES_LOW,
  KEY_PACKAGES_PER_HOUR,
  LEASE_BYTES,
} from "../../../src/base/limits-sealed.ts";
import type { Guest } from "../guest.ts";
import { commitFields, GROUP, groupOf, INFO, sealedPost } from "../sealed/sealed-lab.ts";
import { Sites } from "./sites.ts";

/** Sealed rooms of servers that are one. */

const packages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => Uint8Array.of(1, (from + at) >> 8, from + at));

const SEEDS = 6;

/** Ana at the first server has made the room; ben and eve are at the second one. */
async function sealedSites(seed = 1) {
  const sites = await Sites.open(2, { seed });
  const [first, second] = [sites.site(0), sites.site(1)];
  const ana = await first.member("ana");
  const [ben, eve] = [await second.member("ben"), await second.member("eve")];
  await ana.ask("join", { room: "vault", create: true, sealed: true });
  await ana.ask("group-create", { target: "vault", group: GROUP, commitId: "first", info: INFO });
  await first.quiet();
  return { sites, first, second, ana, ben, eve };
}

test("of two commits at two servers one wins, and both servers say so", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { sites, first, second, ana, ben } = await sealedSites(seed);
    const added = [[ben, "ben"]] as const;
    await ana.ask("group-commit", commitFields({ epoch: 0, commitId: "adds", added }));
    await ben.until("invited");
    await ben.ask("join", { room: "vault" });
    const asked = (by: Guest, name: string) => {
      const fields = commitFields({ epoch: 1, commitId: name, info: `of ${name}` });
      return by.send("group-commit", fields);
    };
    const outcomes = await first.wait(
      Promise.allSettled([asked(ana, "anas"), asked(ben, "bens")] as const),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const at = outcomes.findIndex(({ status }) => status === "fulfilled");
    const winner = at === 0 ? "anas" : "bens";
    const won = outcomes[at];
    if (won?.status !== "fulfilled") throw new Error("nobody won");
    expect(won.value.epoch).toBe(2);
    // The winner asks again, at the other server: its first one may be gone.
    const again = at === 0 ? await second.again(ana, "ana") : await first.again(ben, "ben");
    expect(await first.wait(asked(again, winner))).toEqual(won.value);
    for (const one of [ana, ben, again]) {
      const { epoch, info } = await groupOf(one);
      expect([epoch, new TextDecoder().decode(info)]).toEqual([2, `of ${winner}`]);
    }
    expect(sites.buckets.groups.values.size).toBe(1);
    await sites.stop();
  }
});

test("a commit that comes twice, at two servers at once, is recorded once", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { sites, first, second, ana } = await sealedSites(seed);
    const again = await second.again(ana, "ana");
    const fields = commitFields({ epoch: 0, commitId: "twice" });
    const answers = await first.wait(
      Promise.all([ana.send("group-commit", fields), again.send("group-commit", fields)]),
    );
    expect(answers[0]).toEqual(answers[1] ?? {});
    expect((await groupOf(again)).epoch).toBe(1);
    await sites.stop();
  }
});

test("a word for an epoch that has ended, or for one who has left, is refused", async () => {
  const { sites, second, ana, ben } = await sealedSites();
  const added = [[ben, "ben"]] as const;
  await ana.ask("group-commit", commitFields({ epoch: 0, added }));
  await ben.until("invited");
  await ben.ask("join", { room: "vault" });
  const both = await second.wait(
    Promise.allSettled([
      ana.send("group-commit", commitFields({ epoch: 1 })),
      ben.send("post", sealedPost(1)),
    ]),
  );
  // Whichever came first: a word that is recorded stands before the commit.
  const [committed, said] = both;
  if (committed.status !== "fulfilled") throw new Error("the commit was refused");
  if (said.status === "fulfilled") expect(said.value.seq).toBeLessThan(committed.value.seq);
  else expect(said.reason).toMatchObject({ code: "stale-epoch" });
  const [left, late] = await second.wait(
    Promise.allSettled([ben.send("leave", { room: "vault" }), ana.send("post", sealedPost(2))]),
  );
  expect(left.status).toBe("fulfilled");
  if (late.status === "rejected") expect(late.reason).toMatchObject({ code: "stale-epoch" });
  expect((await ana.refused("post", sealedPost(2))).code).toBe("stale-epoch");
  await sites.stop();
});

test("a key package is given once, whoever is asked, also when answers are lost", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { sites, first, second, ana, ben, eve } = await sealedSites(seed);
    await first.member("dan");
    const dan = await second.again(await first.member("dora"), "dora");
    await ana.ask("key-packages", { packages: packages(8) });
    sites.buckets.keys.losesPercent = 30;
    const askers = [await first.member("kim"), ben, eve, dan];
    const given: string[] = [];
    for (let round = 0; round < 4; round++) {
      const answers = await first.wait(
        Promise.allSettled(askers.map((one) => one.send("key-package", { user: "ana" }))),
      );
      for (const answer of answers) {
        if (answer.status === "rejected") continue;
        given.push(...answer.value.packages.map(({ keyPackage }) => keyPackage.join()));
      }
    }
    expect(new Set(given).size).toBe(given.length);
    expect(given.length).toBeGreaterThan(0);
    await sites.stop();
  }
});

test("a device is asked for more, and an account takes so many at all together", async () => {
  const { sites, first, second, ana, ben } = await sealedSites();
  await ana.ask("key-packages", { packages: packages(KEY_PACKAGES_LOW + 4) });
  const bens = [ben, await first.again(ben, "ben")];
  for (let i = 0; i < KEY_PACKAGES_PER_HOUR; i++) {
    const { packages: given } = await (bens[i % 2] as Guest).ask("key-package", { user: "ana" });
    expect(given).toHaveLength(1);
  }
  for (const one of bens) {
    expect((await one.refused("key-package", { user: "ana" })).code).toBe("too-fast");
  }
  await second.quiet();
  expect(ana.all("key-packages-low").map(({ left }) => left)).toEqual([9, 8, 7, 6, 5, 4]);
  await sites.stop();
});

test("who is let in while away hears of it at any server, and comes in there", async () => {
  const { sites, first, second, ana, ben } = await sealedSites();
  await ana.ask("group-commit", commitFields({ epoch: 0, added: [[ben, "ben"]] }));
  const again = await first.again(ben, "ben");
  expect(again.all("invited")).toMatchObject([{ room: "vault" }]);
  await again.ask("join", { room: "vault" });
  expect(await groupOf(again)).toMatchObject({ epoch: 1 });
  await ana.ask("group-commit", commitFields({ epoch: 1, kick: "ben", removed: [ben] }));
  const away = await second.again(ben, "ben");
  expect(away.all("invited")).toEqual([]);
  expect((await away.refused("group", { target: "vault" })).code).toBe("not-member");
  await sites.stop();
});

test("a device has one lease at all servers", async () => {
  const { sites, second, ana } = await sealedSites();
  const lease = (name: number) => new Uint8Array(LEASE_BYTES).fill(name);
  const again = await second.again(ana, "ana");
  const first = { count: 0, next: lease(1) };
  expect(await ana.ask("seal-lease", first)).toEqual({ count: 1, isLatest: true });
  // The answer was lost with the first server.
  expect(await again.ask("seal-lease", first)).toEqual({ count: 1, isLatest: true });
  const next = { count: 1, lease: lease(1), next: lease(2) };
  expect(await again.ask("seal-lease", next)).toEqual({ count: 2, isLatest: true });
  const copy = { count: 1, lease: lease(1), next: lease(3) };
  expect(await ana.ask("seal-lease", copy)).toEqual({ count: 2, isLatest: false });
  await sites.stop();
});
