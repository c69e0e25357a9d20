import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { ndjson, Sandbox } from "./program.ts";

/** Small things that stopped people in their first week. */

test("chat send - reads standard input, a line a message", async () => {
  await using sandbox = new Sandbox();
  const { invite } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
  const ran = await ana.run(["send", "-"], { stdin: "one\n\ntwo\n-\n" });
  expect([ran.exitCode, ran.out.trim().split("\n").length]).toEqual([0, 3]);
  const said = await ana.json(["history", "--last", "3"]);
  expect(said.map(({ text }) => text)).toEqual(["one", "two", "-"]);
});

test("/help COMMAND tells of one command", async () => {
  await using sandbox = new Sandbox();
  const { invite } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
  const talk = await ana.join([]);
  talk.type("/help mute", "/help /part", "/help mut", "/hepl", "/naems", "/help");
  const [mute, part] = [await talk.json("help"), await talk.json("help")];
  expect(mute["commands"]).toEqual([
    { usage: "/mute NAME [TIME]", summary: expect.stringContaining("read but not write") },
  ]);
  expect(part["commands"]).toEqual([{ usage: "/leave [ROOM]", summary: "leave a room" }]);
  expect((await talk.json("fault"))["message"]).toBe("there is no command '/mut'");
  const { commands } = await talk.json("help");
  expect((commands as unknown[]).length).toBeGreaterThan(20);
  const { err, exitCode } = await talk.finish();
  expect(exitCode).toBe(2);
  expect(err.match(/did you mean \/[a-z]+/g) ?? []).toEqual([]);
});

test("without --json the slip's remedy names that word", async () => {
  await using sandbox = new Sandbox();
  const { invite } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
  const ran = await ana.run(["join"], { stdin: "/hepl\n/naems\n/help mut\n/help join\n" });
  expect(ran.err.match(/did you mean \/[a-z]+/g)).toEqual([
    "did you mean /help",
    "did you mean /names",
    "did you mean /mute",
  ]);
  expect(ran.err).toContain(
    "/join ROOM [PASSWORD | --sealed]: enter a room, or make it, open or sealed\n",
  );
});

test("link-device prints the line for the other machine, which works as it is", async () => {
  await using sandbox = new Sandbox();
  const everywhere = ["serve", "--port", "0", "--open", "--no-discovery", "--json"];
  const server = sandbox.start([...everywhere, "--data", sandbox.path("data")]);
  const { port } = await server.json("listening");
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: `127.0.0.1:${port}` });
  await ana.run(["register"]);
  const offering = ana.start(["link-device"]);
  const code = await offering.out.next("the code", (line) => /^[0-9A-Z-]{8,}$/.test(line));
  const line = await offering.said("chat link-device --join '");
  const [, place = ""] = /^chat link-device --join '(chat:\/\/[^']+)'$/.exec(line) ?? [];
  const lan = Object.values(networkInterfaces())
    .flatMap((own) => own ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  expect(place).toStartWith(`chat://${lan?.address ?? "127.0.0.1"}:`);
  expect(place).toContain("?fp=");
  expect(place).not.toContain("#");
  const phone = sandbox.home("phone").with({ CHAT_LINK_CODE: code });
  const ran = await phone.run(["link-device", "--join", place, "--json"]);
  expect(ndjson(ran.out)).toEqual([{ kind: "linked", user: "ana", device: expect.any(String) }]);
  expect((await offering.ended()).exitCode).toBe(0);
});

test("link-device says so when only this machine reaches the server", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.run(["register"]);
  const offering = ana.start(["link-device"]);
  await offering.said("only this machine reaches 127.0.0.1");
  await offering.signal("SIGTERM");
});

test("a token for a room is made only where its maker may post", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  const make = () => ana.run(["admin", "invite", "--post", "builds"]);
  const unknown = await make();
  expect([unknown.exitCode, unknown.out]).toEqual([4, ""]);
  await (await bob.join(["--room", "builds"])).finish();
  const outside = await make();
  expect([outside.exitCode, outside.out, outside.err]).toEqual([
    3,
    "",
    "chat: you are not in 'builds', and its token would act as you; " +
      "enter it first: chat join --room builds\n",
  ]);
  await (await ana.join(["--room", "builds"])).finish();
  const made = await make();
  expect([made.exitCode, made.out]).toEqual([0, expect.stringMatching(/^t[\w-]{22}\n$/)]);
});

test.each(["bash", "zsh", "fish"])(
  "the line that installs the completion of %s makes its folder",
  async (shell) => {
    await using sandbox = new Sandbox();
    const help = (await sandbox.home("ana").run(["completions", "--help"])).out;
    const [line = ""] = help.match(new RegExp(`mkdir .*chat completions ${shell} .*`)) ?? [];
    const page = await Bun.file(`${import.meta.dir}/../../docs/scripting.md`).text();
    expect(page).toContain(`\n${line}\n`);
    const folder = sandbox.path("bin");
    const ran = Bun.spawnSync(
      ["sh", "-c", `mkdir ${folder}; ln -s "$CHAT" ${folder}/chat; ${line}`],
      {
        env: {
          ...sandbox.env,
          CHAT: `${import.meta.dir}/../../dist/chat`,
          PATH: `${folder}:${sandbox.env["PATH"]}`,
        },
        stderr: "pipe",
      },
    );
    expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ""]);
    const [, file = ""] = /> ~\/(\S+)$/.exec(line) ?? [];
    expect(await Bun.file(sandbox.path("home", file)).text()).toContain("chat complete --");
  },
);
