import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStrictly } from "../../../src/cli/parser.ts";
import { SERVE_FLAGS, settingOf, variableOf, withSettings } from "../../../src/cli/serve/flags.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

function folderWith(toml: string): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "settings.toml"), toml);
  return folder;
}

function settled(argv: readonly string[], env: Record<string, string> = {}) {
  const parsed = parseStrictly(SERVE_FLAGS, argv, "chat serve");
  if (parsed.kind === "help") throw new Error("help");
  const { values, typedKeys: given } = parsed;
  return withSettings({ definitions: SERVE_FLAGS, values, byFlag: given, env });
}

describe("a setting of chat serve", () => {
  test("is read from flag, environment, file or default, in this order", () => {
    const data = folderWith('port = 1\nname = "file"\nwelcome = "file"\nudp = false\n');
    const env = { CHAT_SERVE_PORT: "2", CHAT_SERVE_NAME: "environment", CHAT_SERVE_CERT: "" };
    const all = settled(["--data", data, "--port", "3"], env);
    expect([all["port"], all["name"], all["welcome"]]).toEqual([3, "environment", "file"]);
    expect(all).toMatchObject({ udp: false, discovery: true, cert: undefined, host: undefined });
    expect(settled(["--data", data, "--udp"])["udp"]).toBe(true);
    expect(settled(["--data", data], { CHAT_SERVE_UDP: "on" })["udp"]).toBe(true);
  });

  test("can have each type of value in the file and the environment", () => {
    const data = folderWith(
      'public = ["a.example", "b.example:99"]\nudp-cc = "cubic"\n' +
        'keep-free = 0\nfile-max = "2G"\nopen = true\n',
    );
    expect(settled(["--data", data])).toMatchObject({
      public: ["a.example", "b.example:99"],
      udpCc: "cubic",
      keepFree: "0",
      fileMax: "2G",
      open: true,
    });
    const env = { CHAT_SERVE_PUBLIC: "c.example, d.example", CHAT_SERVE_OPEN: "no" };
    const both = settled(["--data", data], env);
    expect([both["public"], both["open"]]).toEqual([["c.example", "d.example"], false]);
  });

  test("is named with its value if it is no valid number", () => {
    const refused = { '"31646"': "'31646'", "[1]": "'[1]'", "1.5": "'1.5'", "-1": "'-1'" };
    for (const [value, reason] of Object.entries(refused)) {
      const data = folderWith(`port = ${value}\n`);
      expect(() => settled(["--data", data])).toThrow(reason);
    }
  });

  test("is relative to the file if it is a path", () => {
    const data = folderWith(
      'cert = "tls/mine.pem"\nkey = "/etc/k.pem"\nroom-password-file = "-"\n',
    );
    expect(settled(["--data", data])).toMatchObject({
      cert: join(data, "tls", "mine.pem"),
      key: "/etc/k.pem",
      roomPasswordFile: "-",
    });
    expect(settled([], { CHAT_SERVE_CERT: "mine.pem" })["cert"]).toBe("mine.pem");
  });

  test("open and a password conflict only at the same level", () => {
    const isOpen = folderWith("open = true\n");
    expect(settled(["--data", isOpen, "--room-password-file", "F"])["open"]).toBe(false);
    expect(settled(["--data", isOpen], { CHAT_ROOM_PASSWORD: "x" })["open"]).toBe(false);
    expect(settled(["--data", isOpen])["open"]).toBe(true);
    const hasPassword = folderWith('room-password-file = "F"\n');
    expect(settled(["--data", hasPassword, "--open"])["roomPasswordFile"]).toBeUndefined();
    const env = { CHAT_ROOM_PASSWORD: "x" };
    expect(settled(["--data", hasPassword], env)["roomPasswordFile"]).toBeUndefined();
  });
});

describe("a refused setting is named in one line", () => {
  test.each([
    ['port = 1\nprot = "x"\n', /^unknown setting in .*settings\.toml:2:1: 'prot'$/, "port"],
    ["[serve]\nport = 1\n", /^unknown setting in .*settings\.toml:1:2: 'serve'$/, "--help"],
    ["__proto__ = 1\n", /^unknown setting in .*settings\.toml:1:1: '__proto__'$/, "--help"],
    [
      "\nport = 65536\n",
      /^invalid value for port \(.*settings\.toml:2:1\): '65536'$/,
      "0 to 65535",
    ],
    ['port = "1"\n', /invalid value for port/, "0 to 65535"],
    ["name = 5\n", /^name \(.*settings\.toml:1:1\) must be a string$/, "quotes"],
    ['open = "true"\n', /^open \(.*\) must be true or false$/, "quotes"],
    ["public = [1]\n", /^public \(.*\) must be a list of strings$/, "write it as"],
    ['udp-cc = "bbx"\n', /^invalid value for udp-cc \(.*:1\): 'bbx'$/, "did you mean bbr?"],
    ['file-max = "much"\n', /^file-max \(.*settings\.toml:1:1\): /, ""],
    ['a = "x"\nname = "x\n', /settings\.toml:2:10 is not valid TOML/, 'name = "Room 12"'],
    ["port = 1\nport = 2\n", /settings\.toml:2:1 is not valid TOML/, ""],
  ])("settings.toml: %j", async (toml, message, remedy) => {
    const fault = await faultFrom(() => settled(["--data", folderWith(toml)]));
    expect([fault.code, fault.message.split("\n")]).toEqual(["usage", [expect.any(String)]]);
    expect(fault.message).toMatch(message);
    expect(fault.remedy).toContain(remedy);
  });

  test.each([
    [{ CHAT_SERVE_PROT: "1" }, "unknown variable: 'CHAT_SERVE_PROT'", "CHAT_SERVE_PORT"],
    [{ CHAT_SERVE_NEW_IDENTITY: "true" }, "unknown variable: ", "--help"],
    [{ CHAT_SERVE_PORT: "tcp://10.0.0.1:80" }, "invalid value for CHAT_SERVE_PORT", "65535"],
    [{ CHAT_SERVE_UDP: "maybe" }, "invalid value for CHAT_SERVE_UDP: 'maybe'", "true or false"],
    [{ CHAT_SERVE_FILE_MAX: "much" }, "CHAT_SERVE_FILE_MAX: ", ""],
  ])("environment: %p", async (env, message, remedy) => {
    const fault = await faultFrom(() => settled([], env as Record<string, string>));
    expect([fault.code, fault.message]).toEqual(["usage", expect.stringContaining(message)]);
    expect(fault.remedy).toContain(remedy);
  });
});

test("every permanent flag has a setting and a variable", () => {
  const keys = Object.keys(SERVE_FLAGS);
  const once = ["newIdentity", "acceptLoss"];
  expect(keys.filter((key) => settingOf(key) === undefined)).toEqual(["data", ...once]);
  expect(keys.filter((key) => variableOf(key) === undefined)).toEqual(once);
  expect([settingOf("udpCc"), variableOf("udpCc")]).toEqual(["udp-cc", "CHAT_SERVE_UDP_CC"]);
});
