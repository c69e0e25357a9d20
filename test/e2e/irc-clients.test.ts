import { expect } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { openIrssi, WeeChat } from "./irc-programs.ts";
import { Sandbox } from "./program.ts";

const { test } = requires("tmux", "weechat-headless", "irssi");

test("WeeChat and irssi talk with each other and with chat, also after a restart", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--irc-tls", "127.0.0.1:0"] });
  const [address = ""] = served.listening["irc"] as string[];
  const port = Number(new URL(address).port);
  const pem = readFileSync(join(served.data, "tls.crt"), "utf8");
  const fingerprint = new X509Certificate(pem).fingerprint256;
  const home = (name: string) =>
    sandbox.home(name).with({ CHAT_USER: name, CHAT_PASSWORD: `password-${name}` });
  for (const name of ["ana", "ben", "cleo"]) await home(name).run(["register"]);
  const cleo = home("cleo");
  const account = (name: string) => ({ name, password: `password-${name}`, port, fingerprint });

  await using weechat = await WeeChat.open(sandbox, account("ana"));
  await weechat.shows("#lobby", "ana");
  const irssi = await openIrssi(sandbox, "irssi", account("ben"));
  try {
    await irssi.shows(/Act: 2/);
    irssi.line("/window goto #lobby");
    await irssi.shows(/#lobby: Total of 3 nicks/);
    weechat.line("#lobby", "/join #lab");
    await weechat.shows("#lab", "ana");
    irssi.line("/join #lab");
    await weechat.shows("#lab", "ben");
    await irssi.shows(/Topic|2 nicks|@ana/);
    weechat.line("#lab", "hello from WeeChat");
    await irssi.shows("hello from WeeChat");
    irssi.line("hello from irssi");
    await weechat.shows("#lab", "hello from irssi");

    await cleo.run(["send", "--to", "lobby", "hello from chat"]);
    await weechat.shows("#lobby", "hello from chat");
    irssi.line("/window goto #lobby");
    await irssi.shows("hello from chat");
    const reader = await cleo.join(["--room", "lobby"]);
    irssi.line("ben reads chat");
    await reader.json("text", { from: "ben", text: "ben reads chat" });
    irssi.line("/me waves");
    await reader.json("action", { from: "ben", text: "waves" });
    await weechat.shows("#lobby", "ben waves");

    weechat.line("#lab", "/kick ben too loud");
    irssi.line("/window 3");
    await irssi.shows(/kicked.*too loud/);
    await weechat.shows("#lab", "too loud");
    // The server counts a message as received only when irssi has answered a PING after it.
    const rooms = () => home("ben").json(["rooms"]);
    await until("irssi confirms the lobby's messages", async () =>
      (await rooms()).some(({ room, unread }) => room === "lobby" && unread === 0),
    );
  } finally {
    irssi.line("/quit");
    await irssi.shows("exited").catch(() => undefined);
    await irssi[Symbol.asyncDispose]();
  }
  weechat.line("chat", "/disconnect");
  await weechat.shows("chat", "disconnected from server");
  await served.program.signal("SIGTERM");

  await sandbox.serve({ port: served.port, args: ["--irc-tls", `127.0.0.1:${port}`] });
  await cleo.run(["send", "--to", "lobby", "while you were out"]);
  weechat.line("chat", "/connect chat");
  await weechat.shows("#lobby", "while you were out");
  await using again = await openIrssi(sandbox, "irssi2", account("ben"));
  await again.shows(/Act: 2/);
  again.line("/window goto #lobby");
  const rows = await again.shows("while you were out");
  expect(rows.join("\n")).not.toContain("hello from chat");
  const log = weechat.log("#lobby");
  expect(log.match(/while you were out/g)).toHaveLength(1);
  expect(log.match(/hello from chat/g)).toHaveLength(1);
});
