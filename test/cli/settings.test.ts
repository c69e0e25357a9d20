import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { serverOptions } from "../../src/cli/flags.ts";
import { chatFolders, loadSettings, parseConfig } from "../../src/cli/settings.ts";
import { type FakeOptions, fakeContext, faultFrom } from "../commands/fake-world.ts";
import { tempFolder } from "../temp-folder.ts";

const home = tempFolder();

describe("folders", () => {
  test("CHAT_HOME replaces all folders", () => {
    const env = { CHAT_HOME: "rel/chat", HOME: "/home/ana", XDG_DATA_HOME: "/data" };
    const one = resolve("rel/chat");
    expect(chatFolders(env, "linux")).toEqual({ config: one, data: one, state: one });
  });

  test("XDG on Linux, relative paths ignored", () => {
    expect(chatFolders({ HOME: "/home/ana", CHAT_HOME: "" }, "linux")).toEqual({
      config: "/home/ana/.config/chat",
      data: "/home/ana/.local/share/chat",
      state: "/home/ana/.local/state/chat",
    });
    const env = { HOME: "/home/ana", XDG_CONFIG_HOME: "/etc/x", XDG_DATA_HOME: "relative" };
    expect(chatFolders(env, "linux")).toMatchObject({
      config: "/etc/x/chat",
      data: "/home/ana/.local/share/chat",
    });
  });

  test("the conventional folders on other systems", () => {
    expect(chatFolders({ HOME: "/Users/ana" }, "darwin").data).toBe(
      "/Users/ana/Library/Application Support/chat",
    );
    expect(chatFolders({ USERPROFILE: "/u" }, "win32").config).toBe("/u/AppData/Roaming/chat");
  });
});

describe("config.toml", () => {
  test("is read", () => {
    const text = '# mine\nserver = "host:99"\nuser = "ana"\ntransport = "tcp"\ntrust = "strict"\n';
    expect(parseConfig(text, "config.toml")).toEqual({
      config: { server: "host:99", user: "ana", transport: "tcp", trust: "strict" },
      screen: undefined,
      aliases: new Map(),
      warnings: [],
    });
  });

  test("can contain slash commands of the user's own", () => {
    const text = '[aliases]\nBRB = "away back soon"\nhi = "/msg ana hi"\n';
    const { aliases, warnings } = parseConfig(text, "c.toml");
    expect([...aliases]).toEqual([
      ["brb", "away back soon"],
      ["hi", "msg ana hi"],
    ]);
    expect(warnings).toEqual([]);
    const many = (count: number) =>
      `[aliases]\n${Array.from({ length: count }, (_, i) => `a${i} = "me"`).join("\n")}\n`;
    expect(parseConfig(many(100), "c.toml").aliases.size).toBe(100);
    expect(() => parseConfig(many(101), "c.toml")).toThrow("more than 100 aliases");
    const long = (length: number) => `[aliases]\na = "${"x".repeat(length)}"\n`;
    expect(parseConfig(long(500), "c.toml").aliases.size).toBe(1);
    for (const line of ["a = 1", 'a = ""', 'a = "//x"', 'a = "x\\ny"', '"a b" = "me"', long(501)]) {
      const invalid = line.startsWith("[") ? line : `[aliases]\n${line}\n`;
      expect(() => parseConfig(invalid, "c.toml")).toThrow("c.toml:2:1: invalid alias");
    }
    expect(() => parseConfig("aliases = 1\n", "c.toml")).toThrow("aliases must be a table");
  });

  test("ignores unknown settings with a warning", () => {
    const { warnings } = parseConfig('user = "ana"\n\ntransprot = "tcp"\n[ui]\nx = 1\n', "c.toml");
    expect(warnings).toEqual([
      "c.toml:3:1: unknown setting 'transprot' (did you mean transport?); ignored",
      "c.toml:4:2: unknown setting 'ui'; ignored",
    ]);
  });

  test.each([
    ['user = "ana"\nserver = = 1\n', "c.toml:2:10 is not valid TOML", ""],
    ['\n\nuser = "ana\n\nserver = "x"\n', "c.toml:3:12 is not valid TOML", ""],
    [
      'transport = "x"\n',
      "c.toml:1:1: invalid value for transport: 'x'",
      'use "auto" or "tcp" or "udp"',
    ],
    ["\nuser = 5\n", "c.toml:2:1: user must be a string", ""],
    ['trust = "strct"\n', "c.toml:1:1: invalid value for trust: 'strct'", 'did you mean "strict"?'],
    ["\nscreen = 5\n", "c.toml:2:1: screen must be a table", ""],
  ])("refuses %j with its place", async (text, message, remedy) => {
    const fault = await faultFrom(() => parseConfig(text, "c.toml"));
    expect(fault.exitCode).toBe(2);
    expect(fault.message).toStartWith(message);
    expect(fault.remedy).toContain(remedy);
  });

  test("is read from CHAT_HOME, may be missing, and warns once", () => {
    const folder = join(home, "one");
    mkdirSync(folder);
    expect(loadSettings({ CHAT_HOME: folder }).config).toEqual({});
    writeFileSync(join(folder, "config.toml"), 'user = "ana"\n');
    expect(loadSettings({ CHAT_HOME: folder }).config).toEqual({ user: "ana" });
    writeFileSync(join(folder, "config.toml"), "color = true\n");
    const { world, context } = fakeContext({ env: { CHAT_HOME: folder } });
    context.settings();
    context.settings();
    expect(world.stderr.text.match(/unknown setting 'color'/g)).toHaveLength(1);
    mkdirSync(join(home, "two", "config.toml"), { recursive: true });
    expect(() => loadSettings({ CHAT_HOME: join(home, "two") })).toThrow("is a folder");
  });
});

describe("the server", () => {
  const folder = join(home, "four");
  mkdirSync(folder);
  writeFileSync(join(folder, "config.toml"), 'server = "config"\nuser = "carl"\n');

  const options = (
    env: FakeOptions["env"],
    flags: Parameters<typeof serverOptions>[1],
    arg?: string,
  ) => {
    const { context } = fakeContext({ env: { CHAT_HOME: folder, ...env } });
    return serverOptions(context, flags, arg);
  };

  test("is read from flag or argument, then environment, then config", () => {
    const env = { CHAT_SERVER: "env:5", CHAT_USER: "eva" };
    expect(options({}, {})).toMatchObject({ address: { host: "config" }, user: "carl" });
    expect(options(env, {})).toMatchObject({ address: { host: "env", port: 5 }, user: "eva" });
    expect(options(env, { server: "flag", user: "flo" })).toMatchObject({
      address: { host: "flag" },
      user: "flo",
    });
    expect(options(env, { server: "flag" }, "arg").address?.host).toBe("arg");
    const invite = { ...env, CHAT_INVITE: "chat://inv/lobby?via=udp#geheim" };
    expect(options(invite, {})).toMatchObject({
      address: { host: "inv", room: "lobby", secret: "geheim", transport: "udp" },
      transport: "auto",
    });
    expect(options(invite, { transport: "tcp" }).transport).toBe("tcp");
    expect(options({}, { server: "udp://host" }).transport).toBe("udp");
    expect(options({}, { server: "udp://host", transport: "tcp" }).transport).toBe("tcp");
  });
});
