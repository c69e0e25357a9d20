import { expect, test } from "bun:test";
import { writeReceivedText } from "../../../src/cli/share/received-text.ts";
import type { TextEncoding } from "../../../src/core/client/text-encoding.ts";
import { fakeContext } from "../../commands/fake-world.ts";

const ABOUT = { id: "f1", name: "text.txt", from: "ana" };
const LATIN = Buffer.from("Gr\xfc\xdfe\n", "latin1");

interface Written {
  readonly out: string;
  readonly notes: readonly string[];
}

function written(
  bytes: Uint8Array,
  options: { json?: boolean; terminal?: boolean; chosen?: TextEncoding; lang?: string } = {},
): Written {
  const { chosen, lang = "de_DE.UTF-8", ...rest } = options;
  const { context, world } = fakeContext({ ...rest, env: { LANG: lang } });
  const notes: string[] = [];
  writeReceivedText(context, ABOUT, bytes, { chosen, report: (line) => notes.push(line) });
  return { out: world.stdout.text, notes };
}

test("decodes a text that is not UTF-8 for a terminal, and says so", () => {
  const note = "not UTF-8; read as Windows-1252: choose another with --encoding, or save it with";
  expect(written(LATIN, { terminal: true })).toEqual({
    out: "Grüße\n",
    notes: [`${note} --out DIR`],
  });
  expect(written(LATIN, { terminal: true, chosen: "windows-1251" })).toEqual({
    out: "GrьЯe\n",
    notes: [],
  });
  expect(written(LATIN, { terminal: true, lang: "ru_RU.UTF-8" }).out).toBe("GrьЯe\n");
  expect(written(Buffer.from("\ufeffPlan\x1b[31m"), { terminal: true }).out).toBe("Plan␛[31m\n");
});

test("names the encoding in JSON, unless it is UTF-8", () => {
  const json = (bytes: Uint8Array) => JSON.parse(written(bytes, { json: true }).out) as unknown;
  expect(json(LATIN)).toEqual({
    kind: "text",
    ...ABOUT,
    text: "Grüße\n",
    encoding: "windows-1252",
  });
  expect(json(Buffer.from("plan"))).toEqual({ kind: "text", ...ABOUT, text: "plan" });
});

test("writes the bytes into a pipe, and refuses what is no text", () => {
  const { context, world } = fakeContext();
  const parts: unknown[] = [];
  world.stdout.write = (data) => parts.push(data);
  const options = { chosen: undefined, report: () => undefined };
  writeReceivedText(context, ABOUT, LATIN, options);
  expect(parts).toEqual([LATIN]);
  const binary = Uint8Array.of(0x89, 0x50, 0, 0, 0, 0x0d);
  expect(() => writeReceivedText(context, ABOUT, binary, options)).toThrow("no text");
});
