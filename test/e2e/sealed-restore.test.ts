import { expect } from "bun:test";
import { renameSync } from "node:fs";
import { requires } from "../installed.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";
import { openVault } from "./sealed-server.ts";
import { sandboxTest } from "./shared-server.ts";
import { Screen } from "./tmux.ts";

sandboxTest("a device linked after an ordinary restore joins encrypted rooms", async (sandbox) => {
  const served = await sandbox.serve();
  const [anasHome, bensHome] = [sandbox.home("ana"), sandbox.home("ben")];
  const ana = await anasHome.join(["--user", "ana"]);
  const ben = await bensHome.join(["--user", "ben"]);
  await openVault(served.data, ana, { ben });
  ana.type("kept");
  await ben.json("text", { text: "kept" });
  for (const program of [ana, ben]) {
    program.type("/quit");
    await program.ended(30_000);
  }
  await served.program.signal("SIGTERM");
  const backup = sandbox.path("backup");
  await anasHome.json(["backup", backup, "--data", served.data]);
  renameSync(served.data, sandbox.path("lost"));
  await anasHome.json(["restore", backup, "--data", served.data]);
  await sandbox.serve({ port: served.port });
  const offering = bensHome.start(["link-device", "--user", "ben", "--json"]);
  const { code } = await offering.json("link-code");
  const laptop = sandbox.home("laptop");
  const linking = { env: { CHAT_LINK_CODE: String(code) } };
  await laptop.json(["link-device", "--join"], linking);
  const second = await laptop.join(["--user", "ben"]);
  await second.json("group");
  second.type("/join vault", "from the laptop");
  await second.json("ack", { text: "from the laptop" });
  const past = await anasHome.json(["history", "--user", "ana", "--room", "vault"]);
  expect(past).toContainEqual(expect.objectContaining({ text: "from the laptop" }));
});

requires("tmux").test("the full screen works again after an accepted rollback", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  await using ana = await Screen.open(sandbox, "ana", {
    CHAT_HOME: sandbox.path("ana"),
    CHAT,
    CHAT_PASSWORD: "xxxxxxxx",
    LC_ALL: "C.UTF-8",
  });
  const joinLine = `clear; $CHAT join ${served.address} --user ana`;
  ana.line(joinLine);
  await ana.shows(/^#lobby>$/);
  const bensHome = sandbox.home("ben");
  const ben = await bensHome.join(["--user", "ben"]);
  ana.line("/join vault --sealed");
  await ana.shows(/> Yes$/);
  while (ana.rows().some((row) => row.endsWith("> Yes"))) ana.press("Enter");
  await ana.shows(/^#vault>$/);
  ana.line("/invite ben");
  await ben.json("may-join", { room: "vault" });
  ben.type("/join vault", "kept");
  await ana.shows(/ben │ kept$/);
  const backup = sandbox.path("backup");
  await bensHome.json(["backup", backup, "--data", served.data]);
  ana.line("/grant ben");
  ben.type("lost");
  await ana.shows(/│ lost$/);
  ben.type("/quit");
  await ben.ended(30_000);
  await served.program.signal("SIGTERM");
  await bensHome.json(["restore", backup, "--data", served.data, "--accept-rollback"]);
  await sandbox.serve({ args: ["--open"], port: served.port });
  await ana.shows(/different history/);
  ana.line(`clear; $CHAT trust accept ${served.address}`);
  await ana.shows(/owner confirmed this change/);
  ana.line("y");
  await ana.shows(/now trusting/);
  ana.line(joinLine);
  await ana.shows(/^#vault>$/);
  const refused = await bensHome.run(["history", "--user", "ben", "--room", "vault"]);
  expect(refused.exitCode).toBe(6);
  await bensHome.run(["trust", "accept", served.address]);
  const ben2 = await bensHome.join(["--user", "ben"]);
  ana.line("/join vault");
  await ana.shows(/^#vault>$/);
  // The device posts only after it has rejoined, and can then read what others post.
  ben2.type("/join vault", "new from ben");
  const rows = await ana.shows(/│ new from ben$/);
  ana.line("new from ana");
  await ben2.json("text", { text: "new from ana" });
  expect(rows.filter((row) => /lost|new key/.test(row))).toEqual([]);
});
