import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { file, gets, largeFile, MIB, noise, people, sends, sha256 } from "./couriers.ts";
import { ndjson, Sandbox } from "./program.ts";
import { halted, type Wired, wired } from "./wired.ts";

/** Whatever breaks, files go on where they were. */

/** What went over the wire when it stands still. */
const PLACE = 3 * TRANSFER_SYNC_BYTES;

async function play(act: (scene: Wired & { readonly path: string }) => Promise<void>) {
  await wired(async (scene) => {
    const { sandbox, ana, bob } = scene;
    for (const home of [ana, bob]) await home.json(["users"]); // They know it by now.
    await act({ ...scene, path: largeFile(sandbox, "large.img") });
  });
}

describe("interrupted", () => {
  test(
    "by Ctrl-C, the same command goes on, at both ends",
    () =>
      play(async ({ sandbox, relay, ana, bob, path }) => {
        const send = () => ana.start(["send-file", path, "--json"]);
        const sending = await halted(relay, "up", PLACE, send);
        const stopped = await sending.signal("SIGINT");
        relay.release();
        expect(stopped.exitCode).toBe(130);
        expect(stopped.err).toContain("run the same command again: it goes on from there");
        const again = await send().ended(60_000);
        const [sent] = ndjson(again.out).filter(({ kind }) => kind === "file");
        expect(Number(sent?.["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
        expect(again.err).toMatch(/^chat: large\.img: resumed at \d+.* MB\n$/);
        const args = ["get-file", String(sent?.["id"]), "--out", sandbox.path("inbox"), "--json"];
        const getting = await halted(relay, "down", PLACE, () => bob.start(args));
        expect((await getting.signal("SIGINT")).exitCode).toBe(130);
        relay.release();
        expect(readdirSync(sandbox.path("inbox"))).toContain("large.img.part");
        const rest = ndjson((await bob.run(args)).out).filter(({ kind }) => kind === "got");
        expect(Number(rest[0]?.["resumedBytes"])).toBeGreaterThanOrEqual(TRANSFER_SYNC_BYTES);
        expect(readdirSync(sandbox.path("inbox"))).toEqual(["large.img"]);
        expect(sha256(sandbox.path("inbox", "large.img"))).toBe(sha256(path));
      }),
    120_000,
  );

  test(
    "by kill -9 of the server, it goes on when the server is back",
    () =>
      play(async ({ sandbox, served, relay, ana, bob, path }) => {
        const sending = await halted(relay, "up", PLACE, () =>
          ana.start(["send-file", path, "--json"]),
        );
        await served.program.signal("SIGKILL");
        relay.drop();
        await sandbox.serve({ port: served.port });
        const sent = await sending.json("file", {}, 60_000);
        expect((await sending.ended()).exitCode).toBe(0);
        await gets(bob, sent["id"], sandbox.path("inbox"));
        expect(sha256(sandbox.path("inbox", "large.img"))).toBe(sha256(path));
      }),
    120_000,
  );
});

describe("get-file --follow", () => {
  test("takes what came before, what comes, and nothing twice", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const args = ["get-file", "--follow", "--out", sandbox.path("inbox"), "--json"];
    await sends(ana, file(sandbox, "missed", "1"));
    await sends(bob, file(sandbox, "own", "0"));
    const following = bob.start(args);
    await following.json("got", { name: "missed" });
    await sends(ana, file(sandbox, "live", noise(MIB)), "--to", "lobby", "--to", "@bob");
    await following.json("got", { name: "live" });
    expect((await following.signal("SIGINT")).exitCode).toBe(130);
    await sends(ana, file(sandbox, "away", "3"), "--to", "@bob");
    const again = bob.start(args);
    await again.json("got", { name: "away" });
    await sends(ana, file(sandbox, "last", "4"));
    await again.json("got", { name: "last" });
    await again.signal("SIGINT");
    expect(readdirSync(sandbox.path("inbox")).sort()).toEqual(["away", "last", "live", "missed"]);
  });

  test("begins while the upload still runs", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const following = bob.start(["get-file", "--follow", "--out", sandbox.path("in"), "--json"]);
    await sends(ana, file(sandbox, "first", "1"));
    await following.json("got", { name: "first" });
    const sending = ana.start(["send-file", "-", "--name", "slow", "--json"]);
    sending.type("x".repeat(2 * CHUNK_BYTES));
    const progress = await following.json("progress", { name: "slow", sentBytes: 2 * CHUNK_BYTES });
    expect(progress["id"]).toBeString();
    expect((await sending.finish()).exitCode).toBe(0);
    await following.json("got", { name: "slow", id: progress["id"] });
  });
});
