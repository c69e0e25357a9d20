import { expect } from "bun:test";
import type { Locator } from "playwright-core";
import { noise, sha256Of } from "../e2e/couriers.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { Finger } from "./finger.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { PICKERS, savedSha256 } from "./saved-files.ts";
import type { Visit } from "./visit.ts";

/** Two days of a class. The second test continues with the windows and the data of the first. */

const server = new PageServer();
const PHONE = { width: 360, height: 740, isPhone: true };
const PHONES = ["andi", "bella", "cici", "dewi", "eko"];
const PUPILS = [...PHONES, "fina"];
const DICTATED = 300;
const FILM_BYTES = 5 * 1024 * 1024 + 321;
const DRAFT = "I think the answer is";

/** Names the step that failed. */
async function step(name: string, act: () => Promise<void>): Promise<void> {
  await act().catch((cause: unknown) => {
    throw new Error(`step failed: ${name}: ${String(cause)}`, { cause });
  });
}

/** Windows in the order of their names. Each is open after the first day has begun. */
function windows(...names: readonly string[]): Promise<Visit[]> {
  return Promise.all(names.map((name) => server.window(name)));
}

async function openDrawer(phone: Visit): Promise<void> {
  const list = phone.page.locator(".has-drawer");
  const opener = phone.button(/^Open the list of rooms/).first();
  await list.or(opener).first().waitFor();
  // A phone begins in the list.
  if ((await list.count()) === 0) await opener.tap();
}

async function switchTo(phone: Visit, target: string, heading: string): Promise<void> {
  await openDrawer(phone);
  await phone.room(target).tap();
  await phone.heading(heading).waitFor();
}

async function longPress(phone: Visit, text: string): Promise<void> {
  const finger = await Finger.of(phone);
  await finger.touch(phone.message(text).last());
  await phone.page.getByRole("menu").waitFor();
  await finger.lift();
}

async function showsPhoto(visit: Visit, name: string): Promise<void> {
  const image = visit.file(name).getByRole("img").first();
  await image.waitFor();
  await until("the photo is drawn", () =>
    image.evaluate((element) => Number(Reflect.get(element, "naturalWidth")) > 0),
  );
}

/** Waits until the server knows what the phone has read: its unread messages in another tab. */
/** A phone that was away stays at its first new message. */
async function goToNewest(phone: Visit, newest: Locator): Promise<void> {
  const button = phone.page.locator(".newest button").last();
  await until("the newest message is shown", async () => {
    if (await button.isVisible()) await button.tap({ timeout: 2_000 }).catch(() => {});
    return newest.first().isVisible();
  });
}

async function goToDate(phone: Visit, date: string): Promise<void> {
  await phone.button("Actions for math").tap();
  await phone.menuItem("Go to date").tap();
  if (date !== "") await phone.field("Date").fill(date);
  await phone.button("Go").tap();
  await phone.dialog("Go to date").waitFor({ state: "detached" });
}

pageTest("day 1: a class joins by link, talks, shares and is moderated", async () => {
  const teacher = await server.operator("Bu_Sari");
  let link = "";

  await step("the teacher creates two rooms", async () => {
    for (const [name, topic] of [
      ["notes", ""],
      ["math", "Fractions"],
    ] as const) {
      await teacher.startNew("Create room");
      const dialog = teacher.dialog("Create room");
      await dialog.getByLabel("Name", { exact: true }).fill(name);
      await dialog.getByLabel("Topic (optional)").fill(topic);
      await dialog.getByRole("button", { name: "Create", exact: true }).click();
      await teacher.heading(`#${name}`).waitFor();
    }
  });

  await step("the teacher copies an invite for six", async () => {
    await teacher.startNew("Invite people");
    await teacher.field("Number of people").fill(String(PUPILS.length));
    await teacher.button("Create invite").click();
    link = await teacher.field("Link").inputValue();
    await teacher.page.keyboard.press("Escape");
    await teacher.page.keyboard.press("Escape");
    await teacher.page.locator("dialog").waitFor({ state: "detached" });
  });

  await step("six pupils join by the link, five on phones; a seventh cannot", async () => {
    const laptop = server.window("fina", { link, initScript: PICKERS });
    await Promise.all([laptop, ...PHONES.map((name) => server.window(name, { ...PHONE, link }))]);
    await using late = await server.visit({ ...PHONE, link });
    await late.submitLogin("gani");
    await late.page.getByText("Ask for a new one.").waitFor();
  });
  const [andi, bella, cici, dewi, eko, fina] = (await windows(...PUPILS)) as [
    ...[Visit, Visit, Visit, Visit, Visit, Visit],
  ];
  const pupils = [andi, bella, cici, dewi, eko, fina];

  await step("the teacher invites the class to #math, and they join", async () => {
    await teacher.button("Actions for math").click();
    await teacher.menuItem("Invite people…").click();
    const dialog = teacher.dialog("Invite people to #math");
    for (const name of PUPILS) await dialog.getByLabel(name).check();
    await dialog.getByRole("button", { name: `Invite (${PUPILS.length})` }).click();
    await Promise.all(
      pupils.map(async (pupil) => {
        const banner = pupil.invitation("invited you to #math");
        await banner.getByRole("button", { name: "Join" }).click();
        await pupil.heading("#math").waitFor();
      }),
    );
  });

  await step("the teacher hands out homework as a file", async () => {
    const pdf = server.sandbox.write("homework.pdf", `%PDF-1.4\n${"x".repeat(40_000)}`);
    await teacher.attach(pdf);
    await teacher.send("Page 12, until Friday");
    await Promise.all(
      pupils.map((pupil) =>
        pupil
          .file("homework.pdf")
          .getByText(/^PDF · 40/)
          .waitFor(),
      ),
    );
    await fina.button("Save homework.pdf").click();
    await fina.transfer("homework.pdf").getByText("done").waitFor();
    expect(await savedSha256(fina, "homework.pdf")).toBe(await sha256Of(pdf));
  });

  await step("a phone writes a message of two lines", async () => {
    await andi.composer.tap();
    await andi.page.keyboard.type("Is it page 12");
    await andi.page.keyboard.press("Enter");
    await andi.page.keyboard.type("or page 21?");
    await andi.button("Send").tap();
    const words = teacher.message("Is it page 12").locator(".words");
    expect(await words.textContent()).toBe("Is it page 12\nor page 21?");
    expect(await andi.composer.inputValue()).toBe("");
  });

  await step("a phone's photo appears to all", async () => {
    const path = server.sandbox.path("board.jpg");
    const picture = new Bun.Image(photo(400, 300)).resize(2_400, 1_800);
    await Bun.write(path, await picture.jpeg({ quality: 80 }).bytes());
    await bella.attach(path);
    await bella.button("Send").tap();
    await Promise.all([teacher, ...pupils].map((each) => showsPhoto(each, "board.jpg")));
  });

  await step("a phone reacts by a long press", async () => {
    await teacher.send("Well done, page 12 it is");
    await cici.waitForMessage("Well done");
    await longPress(cici, "Well done");
    await cici.menuItem("React with 👏").tap();
    await teacher.message("Well done").getByRole("button", { name: "👏 1: cici" }).waitFor();
  });

  await step("a phone replies by a swipe", async () => {
    await dewi.waitForMessage("Well done");
    const finger = await Finger.of(dewi);
    await finger.touch(dewi.message("Well done"));
    await finger.moveBy(90, 3);
    await dewi.page.locator(".reply-mark[data-armed=true]").waitFor();
    await finger.lift();
    await dewi.page.getByText("Replying to Bu_Sari").waitFor();
    // By key: Chromium ignores a tap right after a swipe as fast as this one.
    await dewi.send("Both pages or only one?");
    await teacher.message("Both pages").locator(".quote").getByText("Bu_Sari").waitFor();
  });

  await step("a phone writes to the teacher alone", async () => {
    await openDrawer(eko);
    await eko.startNew("New message");
    await eko.finder.fill("Bu_Sa");
    await eko.results.getByText("Bu_Sari").tap();
    await eko.heading("@Bu_Sari").waitFor();
    await eko.composer.fill("I forgot my book");
    await eko.button("Send").tap();
    await teacher.room("@eko").getByText("1 unread").waitFor();
    await teacher.room("@eko").click();
    await teacher.waitForMessage("I forgot my book");
    await teacher.send("Share with andi");
    await eko.waitForMessage("Share with andi");
    await teacher.room("math").click();
    await teacher.heading("#math").waitFor();
    await switchTo(eko, "math", "#math");
  });

  await step("the teacher lowers a raised hand", async () => {
    await fina.send("/hand");
    const hands = (visit: Visit) => visit.page.getByRole("list", { name: "Hands raised" });
    await hands(andi).getByText("✋ fina").waitFor();
    await hands(teacher).getByRole("button", { name: "✋ fina" }).click();
    await hands(fina).waitFor({ state: "detached" });
    await fina.page.getByText("1 hand", { exact: true }).first().waitFor();
  });

  await step("a muted pupil sees until when, and writes again afterwards", async () => {
    await eko.composer.fill("half a joke");
    await teacher.button("Actions for eko").click();
    await teacher.menuItem("Mute for 10 min").click();
    await eko.page.getByText(/^You're muted in this room until .*\d\d:\d\d.*\.$/).waitFor();
    expect(await eko.composer.count()).toBe(0);
    await teacher.button("Actions for eko").click();
    await teacher.menuItem("Unmute").click();
    await until(
      "the draft is back",
      async () => (await eko.composer.inputValue()) === "half a joke",
    );
  });

  await step("a pupil deletes an own message", async () => {
    await eko.button("Send").tap();
    await teacher.waitForMessage("half a joke");
    await eko.waitUntilSent();
    await longPress(eko, "half a joke");
    await eko.menuItem("Delete").tap();
    const question = eko.dialog("Delete this message for everyone?");
    await question.getByRole("button", { name: "Delete" }).tap();
    await Promise.all(
      [teacher, eko].map((each) => each.message("half a joke").waitFor({ state: "detached" })),
    );
    await teacher.page.getByText("Message deleted", { exact: true }).waitFor();
  });

  await step("the pages fit their screens, and axe finds nothing", async () => {
    for (const each of [teacher, andi]) {
      expect(await each.overflow()).toBe(0);
      expect(await each.accessibilityViolations()).toEqual([]);
    }
  });
});

pageTest("day 2: the class continues after the server was killed", async () => {
  const [teacher, andi, bella, cici, dewi, fina] = (await windows(
    ...["Bu_Sari", "andi", "bella", "cici", "dewi", "fina"],
  )) as [...[Visit, Visit, Visit, Visit, Visit, Visit]];
  const budi = await server.headlessUser("Pak_Budi");
  await budi.tab.ask("join", { room: "math" });

  await step("pupils leave drafts and unread messages", async () => {
    await switchTo(dewi, "lobby", "#lobby");
    await budi.postMany(DICTATED, (n) => `dictated ${n}.`, "math");
    await budi.post("@dewi please come to the board", "math");
    await openDrawer(dewi);
    await dewi
      .room("math")
      .getByText(`${DICTATED + 1} unread, 1 mention`)
      .waitFor();
    await cici.composer.fill(DRAFT);
    await cici.waitForMessage("come to the board");
    await Promise.all([bella, cici].map((each) => each.waitUntilRead("math")));
  });

  const { port, program } = server.served;
  await step("a message written while the server is dead arrives once", async () => {
    await program.signal("SIGKILL");
    await bella.page.getByText(/^Can't reach the server\. Retrying/).waitFor();
    await bella.composer.fill("written without a server");
    await bella.button("Send").tap();
    await bella.message("written without a server").getByText("waiting for connection").waitFor();
    await server.sandbox.serve({ port });
    const all = await windows("Bu_Sari", ...PUPILS);
    await Promise.all(all.map((each) => each.waitUntilConnected()));
    await bella.waitUntilSent();
    await teacher.waitForMessage("written without a server");
    // The server was killed before it had stored what the phones have read.
    await Promise.all([bella, cici].map((each) => each.waitUntilRead("math")));
    await bella.page.reload();
    await bella.composer.waitFor();
    await goToNewest(bella, bella.message("written without a server"));
    for (const each of [teacher, bella]) {
      expect(await each.message("written without a server").count()).toBe(1);
    }
  });

  await step("the teacher is still an operator", async () => {
    await teacher.reload();
    await teacher.button("Server administration").waitFor();
    await teacher.heading("#math").waitFor();
  });

  await step("drafts and unread counts survive", async () => {
    await Promise.all([cici.page.reload(), dewi.page.reload()]);
    await until("the draft is back", async () => (await cici.composer.inputValue()) === DRAFT);
    await openDrawer(dewi);
    await dewi
      .room("math")
      .getByText(`${DICTATED + 2} unread, 1 mention`)
      .waitFor();
    await dewi.room("math").tap();
    await dewi.heading("#math").waitFor();
    await dewi.waitForMessage("dictated 0.");
  });

  await step("a file of 5 MB arrives whole", async () => {
    const path = server.sandbox.path("film.bin");
    await Bun.write(path, noise(FILM_BYTES));
    await andi.attach(path);
    await andi.button("Send").tap();
    await goToNewest(fina, fina.file("film.bin"));
    await fina.button("Save film.bin").click();
    await fina.transfer("film.bin").getByText("done").waitFor();
    expect(await savedSha256(fina, "film.bin")).toBe(await sha256Of(path));
  });

  await step("a search on a phone finds a message of day 1", async () => {
    await andi.button("Search").first().tap();
    await andi.finder.fill("only one");
    await andi.results.getByText("Both pages or only one?").tap();
    await andi.page.locator("article.is-shown").getByText("Both pages").waitFor();
  });

  await step("a phone goes to the first message, and to a date", async () => {
    await goToDate(andi, "");
    await andi.page.getByRole("heading", { name: "This is the beginning of #math" }).waitFor();
    await andi.file("homework.pdf").waitFor();
    await goToDate(andi, "2999-12-31");
    await andi.file("film.bin").waitFor();
  });

  await step("Back and Escape close layers, and keep what is written", async () => {
    const isDraft = () =>
      until("the draft is kept", async () => (await cici.composer.inputValue()) === DRAFT);
    const file = server.sandbox.write("solution.txt", "x = 4");
    await cici.attach(file);
    await openDrawer(cici);
    await until("the history has left the room", () => cici.page.evaluate("history.state === 0"));
    await cici.leaveHome();
    await cici.page.goBack();
    await cici.page.locator(".has-drawer").waitFor();
    await cici.leaveHome();
    await isDraft();
    await goToNewest(cici, cici.message("come to the board"));
    await longPress(cici, "come to the board");
    await cici.menuItem("Reply").tap();
    await cici.page.getByText("Replying to Pak_Budi").waitFor();
    await cici.page.keyboard.press("Escape");
    await cici.page.getByText("Replying to Pak_Budi").waitFor({ state: "detached" });
    await isDraft();
    await cici.page.keyboard.press("Escape");
    await until("the history has the room", () => cici.page.evaluate("history.state === 1"));
    await cici.page.goBack();
    await cici.page.locator(".has-drawer").waitFor();
    await cici.leaveHome();
    await cici.heading("#math").waitFor();
    await isDraft();
    expect(await cici.attachments.count()).toBe(1);
    await cici.button("Send").tap();
    await teacher.file("solution.txt").waitFor();
    await teacher.waitForMessage(DRAFT);
  });
});
