import { describe, expect, test } from "bun:test";
import type { IrcCommand } from "../../src/core/irc/commands.ts";
import { IrcClient } from "../server/irc/irc-client.ts";
import {
  AttackedSite,
  MEDIAN_SYNCS_MAX,
  median,
  POSTS_BYTES,
  SYNC_MS,
  WORST_SYNCS_MAX,
} from "./attacked-site.ts";
import { IRC_CAPS, IRC_LINES } from "./irc-lines.ts";

/** Every IRC command as an attack; the compiler asks for its lines in `IRC_LINES`. */

const TEXTS_BYTES_PER_DAY = 36_000;
const COUNT = 200;
/** Reserved records may take twice the limit, and a line 1.4 times the bytes that count. */
const STORED_BYTES_MAX = 2 * 1.4 * TEXTS_BYTES_PER_DAY + 8_000;

const COMMANDS = Object.keys(IRC_LINES) as IrcCommand[];

describe.each(COMMANDS)("%s", (command) => {
  test("stores nothing beyond the account's limit, and delays posts by few syncs", async () => {
    const attacked = await AttackedSite.open({ textsBytesPerDay: TEXTS_BYTES_PER_DAY }, SYNC_MS);
    const { site, facts, attacker } = attacked;
    const gateway = site.server.openIrc();
    const { password } = await site.wait(attacker.ask("irc-password", {}));
    const client = new IrcClient(site, gateway, "10.0.0.2");
    await client.logIn(facts.user, String(password), IRC_CAPS);
    const bytes = attacked.storedBytes;
    const lines = Array.from({ length: COUNT }, (_, i) => IRC_LINES[command](facts, i));
    expect(lines.filter((line) => line.includes(command)).length).toBeGreaterThan(0);
    client.send(...lines);
    const waitedSyncs = await attacked.waitedSyncs(SYNC_MS);
    expect(median(waitedSyncs)).toBeLessThanOrEqual(MEDIAN_SYNCS_MAX);
    expect(waitedSyncs.at(-1)).toBeLessThanOrEqual(WORST_SYNCS_MAX);
    await site.time.advance(10_000);
    expect(client.lines.some((line) => / 421 /.test(line))).toBeFalse();
    expect(attacked.storedBytes - bytes - POSTS_BYTES).toBeLessThan(STORED_BYTES_MAX);
  });

  test("stores nothing before the log-in", async () => {
    const attacked = await AttackedSite.open({}, SYNC_MS);
    const { site, facts } = attacked;
    const client = new IrcClient(site, site.server.openIrc(), "10.0.0.2");
    const bytes = attacked.storedBytes;
    for (let i = 0; i < COUNT && !client.isClosed; i++) client.send(IRC_LINES[command](facts, i));
    const waitedSyncs = await attacked.waitedSyncs(SYNC_MS);
    expect(median(waitedSyncs)).toBeLessThanOrEqual(MEDIAN_SYNCS_MAX);
    expect(attacked.storedBytes - bytes - POSTS_BYTES).toBeLessThan(2_000);
  });
});
