import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { noise } from "../e2e/couriers.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox, type Served } from "../e2e/program.ts";
import { rejection } from "../rejection.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { expectNoBarrier } from "./looks.ts";
import { pageAddress, photo } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Visit } from "./visit.ts";

/** A class, and its week in some minutes: what there is must be found, and stay usable. */

const browser = sharedBrowser();
const MESSAGES = 300;
const TYPED = 12;
const ROOMS = ["lab", "homework"] as const;
const PUPILS = ["citra", "dewi", "eka"] as const;
const PICTURES = 20;
const FILES = 40;
/** Of each pupil, all at once: more than one after the other can say in a second. */
const SPIKE = 200;
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844, isPhone: true, language: "id-ID" };

/** What pupils write: words, code, lists, links, signs, names and a long report. */
const LINES: readonly ((n: number) => string)[] = [
  (n) => `I have solved **task ${n}** :tada:`,
  (n) => `\`print(${n})\` says *${n}*`,
  (n) => `\`\`\`python\nfor i in range(${n}):\n\tprint(i)\n\`\`\``,
  (n) => `> task ${n}?\n- read it\n- solve it\n- see https://class.example/tasks/${n}`,
  (n) => `@budi task ${n} is in #homework`,
  (n) => Array.from({ length: 25 }, (_, i) => `line ${i + 1} of report ${n}`).join("\n"),
];

const lineOf = (n: number) => (LINES[n % LINES.length] ?? String)(n);

async function makeRooms(guru: Visit): Promise<void> {
  for (const room of ROOMS) {
    await guru.says(`/join ${room}`);
    await guru.dialog("Create room").getByRole("button", { name: "Create" }).click();
    await guru.room(room).waitFor();
  }
}

/** 300 messages in three rooms; some of them typed, at the computer and on the phone. */
async function talk(guru: Visit, budi: Visit, pupils: readonly Talker[]): Promise<void> {
  const rooms = ["lobby", ...ROOMS];
  const others = MESSAGES - 2 * TYPED;
  for (const pupil of pupils) {
    for (const room of ROOMS) await pupil.tab.ask("join", { room });
  }
  for (let n = 0; n < others; n++) {
    await pupils[n % pupils.length]?.says(lineOf(n), rooms[n % rooms.length]);
  }
  await guru.room("lobby").click();
  for (let n = 0; n < TYPED; n++) {
    await guru.says(`from the computer ${n}: ${lineOf(n)}`);
    await budi.page.locator(".composer textarea").fill(`dari telepon ${n}`);
    await budi.page.locator(".composer textarea").press("Enter");
  }
  await guru.sees(`dari telepon ${TYPED - 1}`);
  await budi.sees(`from the computer ${TYPED - 1}`);
}

/** 20 pictures in two goes from the page, and 20 other files from the terminal. */
async function exchange(sandbox: Sandbox, served: Served, guru: Visit, budi: Visit) {
  const pictures = Array.from({ length: PICTURES }, (_, n) => {
    const path = sandbox.path(`board-${n}.png`);
    writeFileSync(path, photo(160 + n, 120));
    return path;
  });
  await guru.attaches(...pictures.slice(0, PICTURES / 2));
  await guru.box.fill("the board of **today**");
  await guru.button("Send").click();
  await guru.attach(...pictures.slice(PICTURES / 2));
  const papers = Array.from({ length: FILES - PICTURES }, (_, n) => {
    const path = sandbox.path(`paper-${n}.${n % 2 === 0 ? "pdf" : "bin"}`);
    writeFileSync(path, noise(2_000 + n));
    return path;
  });
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "fajar", CHAT_PASSWORD: "xxxxxxxx" };
  await sandbox
    .home("fajar")
    .with(env)
    .json(["send-file", ...papers, "--to", "lobby"]);
  for (const visit of [guru, budi]) {
    await visit.page.locator("button.picture").first().waitFor();
    await visit.page.getByText("paper-19.bin").first().waitFor();
  }
}

/** The moderator's own room: one who disturbs is silent, and put out. */
async function moderates(guru: Visit, eka: Talker): Promise<void> {
  await guru.room("lab").click();
  // What one says oneself is at the end, and so is what follows.
  await guru.says("quiet, please");
  await guru.sees("quiet, please");
  await guru.says("/mute eka");
  await guru.page.getByText(/guru muted eka/).waitFor();
  expect(await rejection(eka.says("am I heard?", "lab"))).toBeInstanceOf(Error);
  await guru.says("/kick eka");
  await guru.page.getByText(/guru kicked eka/).waitFor();
}

/** The largest number of the chart of messages, as it is told to those who do not see it. */
async function spikeOf(olga: Visit): Promise<number> {
  const told = await olga.page.locator("figure.chart").first().textContent();
  return Number(/at most ([\d.]+)/.exec(told ?? "")?.[1] ?? 0);
}

async function watches(olga: Visit, pupils: readonly Talker[]): Promise<void> {
  await olga.page.getByRole("tab", { name: "Server" }).click();
  await olga.page.locator("figure.chart canvas").first().waitFor();
  const before = await spikeOf(olga);
  await Promise.all(pupils.map((pupil) => pupil.fills(SPIKE, (n) => `burst ${n}`)));
  await until("the spike is on the chart", async () => (await spikeOf(olga)) > before);
  await olga.keepPicture("class-spike");
}

/** @returns where a new password is set */
async function resets(olga: Visit, name: string): Promise<string> {
  await olga.page.getByRole("tab", { name: "Accounts" }).click();
  const row = olga.page.getByRole("row").filter({ hasText: name });
  await row.getByRole("button", { name: `Actions for ${name}` }).click();
  await olga.entry("Reset the password").click();
  const dialog = olga.dialog(`A new password for ${name}`);
  await dialog.getByRole("button", { name: "Reset the password" }).click();
  const link = dialog.locator("#reset-link");
  await link.waitFor();
  await olga.keepPicture("class-reset");
  const address = await link.inputValue();
  await olga.page.keyboard.press("Escape");
  return address;
}

pageTest(
  "a class works for a week: at the computer, on the phone, in two languages",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    await using olga = await browser.visit(String(served.listening["operatorLink"]), WIDE);
    await olga.enter("olga");
    await using guru = await browser.visit(pageAddress(served), { ...WIDE, isDark: true });
    await guru.enter("guru", { password: "correct horse" });
    await using budi = await browser.visit(pageAddress(served), PHONE);
    await expectNoBarrier(budi, "phone", "coming in");
    await budi.page.locator("#enter-name").fill("budi");
    await budi.page.locator("form button[type=submit]").click();
    await budi.page.locator(".composer textarea").waitFor();
    await makeRooms(guru);
    const pupils = await Promise.all(PUPILS.map((name) => Talker.open(served, name)));
    const [eka] = pupils.slice(-1);
    if (eka === undefined) throw new Error("the class is empty");

    await talk(guru, budi, pupils);
    for (const [visit, look] of [
      [guru, "wide"],
      [budi, "phone"],
    ] as const) {
      await expectNoBarrier(visit, look, "a room full of words");
      await visit.keepPicture(`class-words-${look}`);
    }
    await exchange(sandbox, served, guru, budi);
    for (const [visit, look] of [
      [guru, "wide"],
      [budi, "phone"],
    ] as const) {
      await expectNoBarrier(visit, look, "a room full of files");
      await visit.keepPicture(`class-files-${look}`);
    }
    await moderates(guru, eka);
    await olga.button("Server window").click();
    await watches(olga, pupils);
    await expectNoBarrier(olga, "wide", "charts");
    const address = await resets(olga, "budi");
    await expectNoBarrier(olga, "wide", "accounts");

    // Somewhere else, with the new password: all is there.
    await using again = await browser.visit(address, PHONE);
    await expectNoBarrier(again, "phone", "a new password");
    for (const id of ["#new-password", "#repeated-password"]) {
      await again.page.locator(id).fill("a better one than before");
    }
    await again.page.locator("form button[type=submit]").click();
    await again.page.locator(".composer textarea").waitFor();
    await again.sees("burst");
    for (const pupil of pupils) pupil.tab.close();
  },
  600_000,
);
