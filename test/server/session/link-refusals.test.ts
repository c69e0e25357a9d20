import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { LINK_REFUSALS_REPORTED_INTERVAL_MS } from "../../../src/base/limits.ts";
import { LinkRefusals } from "../../../src/server/session/link-refusals.ts";

test("counts all refusals, and reports each reason once in an interval", () => {
  let now = 0;
  const warnings: Fault[] = [];
  const refusals = new LinkRefusals({ now: () => now }, (fault) => warnings.push(fault));
  const noteAll = () => {
    for (let i = 0; i < 1_000; i++) {
      refusals.note("address", "2001:db8::1", 300);
      refusals.note("logins", "192.0.2.1", 64);
    }
  };
  noteAll();
  now = LINK_REFUSALS_REPORTED_INTERVAL_MS - 1;
  noteAll();
  expect(refusals.counts).toEqual({ server: 0, address: 2_000, logins: 2_000, flood: 0 });
  expect(warnings.map(({ message }) => message)).toEqual([
    "refuses connections of 2001:db8:0:0::/64: 300 are in use",
    "refuses connections of 192.0.2.1: 64 of them have not logged in",
  ]);
  expect(warnings[0]?.remedy).toContain("--links-per-address N");
  now++;
  refusals.note("server", "192.0.2.1", 20_000);
  refusals.note("flood", "192.0.2.1", 0);
  refusals.note("logins", "192.0.2.1", 64);
  expect(warnings).toHaveLength(5);
});
