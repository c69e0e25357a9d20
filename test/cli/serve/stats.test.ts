import { expect, test } from "bun:test";
import { reportStats } from "../../../src/cli/serve/stats.ts";
import { Site } from "../../server/site.ts";

/** `--verbose`, a second at a time. */

test("a link has a line when something is said on it, not for pings", async () => {
  const site = await Site.open();
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await site.connect("10.0.0.3"); // Says nothing.
  const lines: string[] = [];
  const news = () => lines.splice(0);
  const line = (kind: string, fields: object, text: string) => {
    const { user, acknowledged } = fields as { user?: string; acknowledged: number };
    expect([kind, text]).toEqual(["stats", expect.stringContaining(`ACK ${acknowledged}: sent `)]);
    lines.push(`${user} ${acknowledged}`);
  };
  const end = reportStats(site.clock, { line }, () => site.server.peers());
  await site.time.advance(1_000);
  expect(news()).toEqual(["ana 1", "ben 1"]);
  await site.time.advance(5_000);
  expect(news()).toEqual([]);
  ana.tell({ kind: "ping" });
  await site.time.advance(1_000);
  expect(news()).toEqual([]);
  await site.wait(ana.say("hello"));
  await site.time.advance(1_000);
  expect(news()).toEqual(["ana 2", "ben 1"]); // Who hears it, too.
  ben.hangUp();
  await site.time.advance(1_000);
  news();
  end();
  await site.wait(ana.say("unseen"));
  await site.time.advance(5_000);
  expect(news()).toEqual([]);
});
