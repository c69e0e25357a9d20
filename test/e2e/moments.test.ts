import { expect, test } from "bun:test";
import { RawClient } from "../../bench/raw-client.ts";
import { MOMENT_UNIX_MS_MAX } from "../../src/base/time.ts";
import { requires } from "../installed.ts";
import { rejection } from "../rejection.ts";
import { CHAT } from "./binary.ts";
import { writeLateRecords } from "./late-records.ts";
import { type Home, Sandbox } from "./program.ts";
import { Screen } from "./tmux.ts";

/** Moments that no date can hold: in what is asked, and in folders that older servers left. */

const LAST = "+275760-09-13T00:00:00.000Z";

async function says(home: Home, user: string, text = "hello"): Promise<void> {
  await home.json(["send", text, "--user", user]);
}

/** A folder of a stopped server, in which ana, ben and eve spoke, with such records at its end. */
async function lateFolder(
  sandbox: Sandbox,
): Promise<{ ana: Home; ben: Home; eve: Home; data: string }> {
  const { program, data } = await sandbox.serve({ args: ["--open"] });
  const [ana, ben, eve] = ["ana", "ben", "eve"].map((name) => sandbox.home(name));
  if (ana === undefined || ben === undefined || eve === undefined) throw new Error("no homes");
  await says(ana, "ana");
  await says(ben, "ben");
  await says(eve, "eve");
  await program.signal("SIGTERM");
  await writeLateRecords(data, { by: "ana", muted: "ben", banned: "eve" });
  return { ana, ben, eve, data };
}

test("are refused, whoever asks, and the server goes on", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const eve = await RawClient.register(served.port, "eve");
  await eve.ask("join", { room: "own", create: true });
  for (const late of [MOMENT_UNIX_MS_MAX + 1, 2 ** 53 - 1]) {
    const mute = eve.ask("mute", { room: "own", user: "eve", on: true, until: late });
    expect(await rejection(mute)).toMatchObject({ code: "frame-malformed" });
    const invite = eve.ask("invite", { expires: late });
    expect(await rejection(invite)).toMatchObject({ code: "frame-malformed" });
    const ban = eve.ask("ban", { user: "eve", on: true, until: late });
    expect(await rejection(ban)).toMatchObject({ code: "frame-malformed" });
  }
  await eve.ask("invite", { expires: MOMENT_UNIX_MS_MAX });
  await eve.ask("mute", { room: "own", user: "eve", on: true, until: MOMENT_UNIX_MS_MAX });
  expect(await rejection(eve.post("own", "may I?"))).toMatchObject({ code: "muted" });
  eve.close();
  await eve.ended;
  expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
});

test("of a folder that holds them are shown as the last one, running or not", async () => {
  await using sandbox = new Sandbox();
  const { ana, ben, eve, data } = await lateFolder(sandbox);
  const offline = await ana.json(["history", "--data", data]);
  expect(offline.at(-1)).toMatchObject({ kind: "mute", user: "ben", until: LAST });
  const text = await ana.run(["history", "--data", data]);
  expect([text.exitCode, text.err]).toEqual([0, ""]);
  const served = await sandbox.serve({ args: ["--open"] });
  const refused = await ben.run(["send", "may I?", "--user", "ben"]);
  expect(refused.exitCode).toBe(3);
  expect(refused.err).toContain(`you may not speak in 'lobby' until ${LAST}`);
  const banned = await eve.run(["send", "may I?", "--user", "eve"]);
  expect(banned.exitCode).toBe(3);
  expect(banned.err).toContain(`you are banned here until ${LAST}: for ever`);
  const online = await ana.json(["history", "--user", "ana", "--room", "lobby"]);
  expect(online).toContainEqual(expect.objectContaining({ kind: "mute", until: LAST }));
  const bans = await sandbox.home("admin").json(["admin", "bans"]);
  expect(bans).toMatchObject([{ kind: "ban", user: "eve", until: LAST }]);
  const invites = await sandbox.home("admin").json(["admin", "invites"]);
  expect(invites).toMatchObject([{ invite: "iAAAAAAAAAAA", expires: LAST }]);
  expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
  expect((await sandbox.serve({ args: ["--open"] })).program.isRunning).toBe(true);
});

requires("tmux").test("of such a folder are shown in a terminal", async () => {
  await using sandbox = new Sandbox();
  await lateFolder(sandbox);
  await sandbox.serve({ args: ["--open"] });
  await using ana = await Screen.open(sandbox, "ana", { CHAT_HOME: sandbox.path("ana"), CHAT });
  ana.line("$CHAT join --user ana");
  await ana.shows(/ana muted ben until/);
});
