import { expect, test } from "bun:test";
import { LEASE_BYTES } from "../../../src/base/limits-sealed.ts";
import type { Guest } from "../guest.ts";
import { commitFields, createVault, groupOf } from "../sealed/sealed-lab.ts";
import { Sites } from "./sites.ts";

const packages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => Uint8Array.of(1, (from + at) >> 8, from + at));

const SEEDS = 6;

async function sealedSites(seed = 1) {
  const sites = await Sites.open(2, { seed });
  const [first, second] = [sites.site(0), sites.site(1)];
  const ana = await first.member("ana");
  const [ben, eve] = [await second.member("ben"), await second.member("eve")];
  await createVault(ana);
  await first.quiet();
  return { sites, first, second, ana, ben, eve };
}

test("accepts one of two commits at two servers", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { sites, first, second, ana, ben } = await sealedSites(seed);
    const added = [[ben, "ben"]] as const;
    await ana.request("group-commit", commitFields({ epoch: 0, commitId: "adds", added }));
    await ben.until("invited");
    await ben.request("join", { room: "vault" });
    const claim = (by: Guest, name: string) => {
      const fields = commitFields({ epoch: 1, commitId: name, info: `of ${name}` });
      return by.send("group-commit", fields);
    };
    const outcomes = await first.wait(
      Promise.allSettled([claim(ana, "anas"), claim(ben, "bens")] as const),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const at = outcomes.findIndex(({ status }) => status === "fulfilled");
    const winner = at === 0 ? "anas" : "bens";
    const won = outcomes[at];
    if (won?.status !== "fulfilled") throw new Error("nobody won");
    expect(won.value.epoch).toBe(2);
    const again = at === 0 ? await second.again(ana, "ana") : await first.again(ben, "ben");
    expect(await first.wait(claim(again, winner))).toEqual(won.value);
    for (const one of [ana, ben, again]) {
      const { epoch, info } = await groupOf(one);
      expect([epoch, new TextDecoder().decode(info)]).toEqual([2, `of ${winner}`]);
    }
    expect(sites.buckets.groups.values.size).toBe(1);
  }
});

test("hands out a key package once, even if answers are lost", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { sites, first, second, ana, ben, eve } = await sealedSites(seed);
    await first.member("dan");
    const dan = await second.again(await first.member("dora"), "dora");
    await ana.request("key-packages", { packages: packages(8) });
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
  }
});

test("grants a device one lease across all servers", async () => {
  const { second, ana } = await sealedSites();
  const lease = (name: number) => new Uint8Array(LEASE_BYTES).fill(name);
  const again = await second.again(ana, "ana");
  const first = { count: 0, next: lease(1) };
  expect(await ana.request("seal-lease", first)).toEqual({ count: 1, isLatest: true });
  expect(await again.request("seal-lease", first)).toEqual({ count: 1, isLatest: true });
  const next = { count: 1, lease: lease(1), next: lease(2) };
  expect(await again.request("seal-lease", next)).toEqual({ count: 2, isLatest: true });
  const copy = { count: 1, lease: lease(1), next: lease(3) };
  expect(await ana.request("seal-lease", copy)).toEqual({ count: 2, isLatest: false });
});
