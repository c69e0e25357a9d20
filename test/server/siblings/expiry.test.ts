import { expect, test } from "bun:test";
import { RETENTION_CHECK_INTERVAL_MS } from "../../../src/base/limits.ts";
import { holds, operating, TOKEN } from "../site-lab.ts";
import { Sites } from "./sites.ts";

const HOUR_MS = 3_600_000;

test("expires nothing by one clock of a cluster that is hours ahead", async () => {
  const sites = await Sites.open(3, { operatorToken: TOKEN });
  const [first, , wrong] = [0, 1, 2].map((at) => sites.site(at));
  if (first === undefined || wrong === undefined) throw new Error("there are three sites");
  const ana = await operating(await first.member("ana"));
  await ana.request("join", { room: "lab", create: true });
  await ana.request("grant", { user: "ana", on: true });
  await ana.request("retention", { room: "lab", keepMs: 12 * HOUR_MS });
  await first.wait(ana.post("mellon", "lab"));
  wrong.skewMs = 20 * HOUR_MS;
  for (let sweeps = 0; sweeps < 3; sweeps++)
    await wrong.time.advance(RETENTION_CHECK_INTERVAL_MS + 50);
  for (const site of [first, wrong]) expect(holds(site, "mellon")).toBe(true);
  const warnings = wrong.events.flatMap((event) =>
    event.kind === "warning" ? [event.fault.message] : [],
  );
  expect(warnings).toEqual(["the clock of this server is 20 h ahead of those of its cluster"]);

  for (const at of [0, 1, 2]) sites.site(at).skewMs = 13 * HOUR_MS;
  await wrong.time.advance(RETENTION_CHECK_INTERVAL_MS + 50);
  expect(holds(first, "mellon")).toBe(false);
});
