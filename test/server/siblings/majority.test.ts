import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { Sites } from "./sites.ts";

test("tells clients that the majority is lost, and that it is back", async () => {
  const sites = await Sites.open(2);
  const site = sites.site(0);
  const ana = await site.member("ana", "pass");
  expect(ana.welcome?.majority).toBeUndefined();
  const fault = new Fault("no-majority", "2 of 3 NATS servers do not answer: nats://10.0.0.2:4222");
  sites.majorityFault = fault;
  await site.time.advance(1_000);
  await site.quiet();
  expect(ana.all("majority")).toMatchObject([{ on: false }]);
  expect(JSON.stringify(ana.all("majority"))).not.toContain("10.0.0.2");
  const ben = await site.again(ana, "ana");
  expect(ben.welcome?.majority).toBe(false);
  expect(ben.all("majority")).toMatchObject([{ on: false }]);

  sites.majorityFault = undefined;
  await site.time.advance(3_000);
  await site.quiet();
  for (const one of [ana, ben])
    expect(one.all("majority").map(({ on }) => on)).toEqual([false, true]);
  const told = site.events.filter(({ kind }) => kind === "majority");
  expect(told).toEqual([
    { kind: "majority", fault },
    { kind: "majority", fault: undefined },
  ]);
  await sites.stop();
});
