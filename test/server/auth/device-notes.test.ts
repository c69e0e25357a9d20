import { expect, test } from "bun:test";
import { DEVICE_NOTES_SAVE_INTERVAL_MS } from "../../../src/base/limits.ts";
import { HOSTILE_TEXTS } from "../../hostile-texts.ts";
import type { Guest } from "../guest.ts";
import { type Site, siteWith } from "../site.ts";
import { siteTest } from "../site-lab.ts";

const DAY_MS = 24 * 60 * 60_000;

async function as(site: Site, guest: Guest, program: string): Promise<Guest> {
  const next = await site.connect("10.0.0.2", guest.keys);
  next.program = program;
  await next.greet();
  await next.request("login", next.signedLogin("ana"));
  await next.until("caught-up");
  return next;
}

async function noted(guest: Guest): Promise<readonly unknown[]> {
  return (await guest.request("devices", {})).devices.map(({ client, seen }) => [client, seen]);
}

function short(text: string): string {
  let taken = "";
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(taken + character) > 120) break;
    taken += character;
  }
  return taken;
}

siteTest("keeps the day and program of a device across restarts and crashes", async (site) => {
  const ana = await site.member("ana", "pw");
  const today = Math.floor(site.clock.unixMs() / DAY_MS) * DAY_MS;
  expect(await noted(ana)).toEqual([["guest", today]]);
  const later = await as(site, ana, "chat/9 (chat on Linux)");
  expect(await noted(later)).toEqual([["chat on Linux", today]]);
  await site.restart();
  const phone = await site.byPassword("ana", "pw", "10.0.0.3");
  expect(await noted(phone)).toEqual([
    ["chat on Linux", today],
    ["guest", today],
  ]);
  await site.time.advance(DEVICE_NOTES_SAVE_INTERVAL_MS + 50);
  site.disk.losePower();
  await site.restartAfterCrash();
  expect(await noted(await as(site, phone, "x (phone)"))).toEqual([
    ["chat on Linux", today],
    ["phone", today],
  ]);
});

test.each(Object.entries(HOSTILE_TEXTS))(
  "stores only clean text in device notes: %s",
  async (_, text) => {
    const { site, ana } = await siteWith(["ana"]);
    const [note] = await noted(await as(site, ana, `x (${short(text)})`));
    expect(JSON.stringify(note)).toMatch(/^\[(?:"[^"\\<>\p{C}]*",|null,)?\d+\]$/u);
    await site.restart();
    expect(site.events.filter(({ kind }) => kind === "warning")).toEqual([]);
  },
);

siteTest("deletes device notes with the device", async (site) => {
  const ana = await site.member("ana", "pw");
  const phone = await site.connect("10.0.0.3");
  phone.program = "x (lost phone)";
  await phone.greet();
  await phone.request("login", phone.passwordLogin("ana", "pw"));
  const storedNote = async () => {
    await site.time.advance(DEVICE_NOTES_SAVE_INTERVAL_MS + 50);
    return Buffer.from(site.disk.fileAt("/d/devices.json").visible).toString();
  };
  expect(await storedNote()).toContain("lost phone");
  const [, lost] = (await ana.request("devices", {})).devices;
  await ana.request("revoke", { device: lost?.device ?? "" });
  expect(await storedNote()).not.toContain("lost phone");
  expect(await storedNote()).toContain('"guest"');
});

test.each(["{]", "[]", '{"format":2,"seen":{}}', '{"format":1,"seen":{"a":{"b":[-1,"x"]}}}'])(
  "starts with a warning and no device notes if the file is %p",
  async (text) => {
    const { site, ana } = await siteWith(["ana"]);
    await site.restartWith("/d/devices.json", () => Buffer.from(text));
    expect(site.events.filter(({ kind }) => kind === "warning")).toHaveLength(1);
    expect((await noted(await site.again(ana, "ana")))[0]).toEqual(["guest", expect.anything()]);
  },
);
