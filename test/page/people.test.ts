import { expect } from "bun:test";
import { tintOf } from "../../src/core/model/tint.ts";
import { pngOf } from "../cli/screen/pictures/test-png.ts";
import { orientation, withExif } from "../core/client/exif.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const NAMES = Array.from({ length: 8 }, (_, i) => `Bu_S${String.fromCharCode(97 + i)}`);

interface AvatarLook {
  readonly initials: string;
  readonly color: string;
  readonly left: number;
  readonly right: number;
}

/** Visible avatars below an element. */
function avatarsIn({ page }: Visit, selector: string): Promise<readonly AvatarLook[]> {
  return page.evaluate(`[...document.querySelectorAll("${selector} .avatar")].map((avatar) => {
    const { left, right } = avatar.getBoundingClientRect();
    const initials = getComputedStyle(avatar, "::before").content.replaceAll('"', "");
    return { initials, color: getComputedStyle(avatar).backgroundColor, left, right };
  })`);
}

/** Colours of people, of which the style of the page has this number. */
const INKS = 12;

/** Colours as the browser computes them. */
function inks({ page }: Visit, names: readonly string[]): Promise<string[]> {
  const numbers = names.map((name) => (tintOf(name) % INKS) + 1);
  return page.evaluate(`${JSON.stringify(numbers)}.map((number) => {
    const sample = document.body.appendChild(document.createElement("i"));
    sample.style.backgroundColor = "var(--ink-" + number + ")";
    const { backgroundColor } = getComputedStyle(sample);
    sample.remove();
    return backgroundColor;
  })`);
}

pageTest("tells people with the same initials apart by the colour of their avatars", async () => {
  const users = [];
  for (const name of NAMES) users.push(await server.headlessUser(name));
  const [first] = users;
  await first?.tab.ask("join", { room: "class", create: true });
  for (const user of users.slice(1)) await user.tab.ask("join", { room: "class" });
  for (const user of users) {
    await user.post(`I am here.`, "class");
    await user.post(`And I have a question.`, "class");
  }
  const ana = await server.window("ana");
  await ana.send("/join class");
  await ana.heading("#class").waitFor();
  const people = ".people-list";
  const count = async () => (await avatarsIn(ana, people)).length;
  await until("all people are listed", async () => (await count()) === NAMES.length + 1);
  const expected = await inks(ana, NAMES);
  expect(new Set(expected).size).toBe(NAMES.length);
  // One avatar for both messages of each author.
  const messages = await avatarsIn(ana, ".list");
  expect(messages.map(({ initials }) => initials)).toEqual(NAMES.map(() => "BS"));
  expect(messages.map(({ color }) => color)).toEqual(expected);
  const listed = await avatarsIn(ana, people);
  expect(listed.map(({ color }) => color)).toEqual(expect.arrayContaining(expected));

  await ana.composer.fill("@Bu_Sc");
  const options = ana.page.locator(".option");
  await until("one name is suggested", async () => (await options.count()) === 1);
  expect((await avatarsIn(ana, ".suggestions")).map(({ color }) => color)).toEqual([
    expected[2] ?? "",
  ]);
  await ana.composer.fill("");

  // A screen reader, a copy and a search see the name once.
  const texts = await ana.page.locator(".list article, .people-list li").allTextContents();
  expect(texts.filter((text) => /^BS/.test(text))).toEqual([]);
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest(
  "shows avatars of direct conversations, on narrow pages and from right to left",
  async () => {
    const ben = await server.headlessUser("ben");
    const ana = await server.window("ana");
    await ben.post("between us", "@ana");
    await ana.room("@ben").click();
    await ana.waitForMessage("between us");
    await until(
      "the avatar is visible",
      async () => (await avatarsIn(ana, ".list article")).length === 1,
    );
    const [inList] = await avatarsIn(ana, ".room-line[data-target='@ben']");
    const [inMessage] = await avatarsIn(ana, ".list article");
    expect(inList).toMatchObject({ initials: "B", color: inMessage?.color });

    for (const width of [360, 320, 160]) {
      await ana.page.setViewportSize({ width, height: 640 });
      await until("nothing overflows", async () => (await ana.overflow()) === 0);
      const [avatar] = await avatarsIn(ana, ".list article");
      const text = await ana.page.locator(".list article .words").first().boundingBox();
      expect(avatar?.left).toBeGreaterThanOrEqual(0);
      expect(text?.width).toBeGreaterThan(width * 0.75 - 30);
    }
    await ana.page.setViewportSize({ width: 1280, height: 800 });
    await ana.page.evaluate("document.documentElement.dir = 'rtl'");
    await until("the avatar stands at the right", async () => {
      const [avatar] = await avatarsIn(ana, ".list article");
      const text = await ana.page.locator(".list article .words").first().boundingBox();
      return text !== null && (avatar?.left ?? 0) > text.x + text.width;
    });
    await ana.page.evaluate("document.documentElement.dir = ''");
  },
);

pageTest("marks operators, moderators, bots and muted members wherever a name stands", async () => {
  const mod = await server.headlessUser("Moritz");
  const pia = await server.headlessUser("pia");
  await mod.tab.ask("join", { room: "marks", create: true });
  await pia.tab.ask("join", { room: "marks" });
  const dice = await server.headlessUser("dice");
  await dice.tab.ask("bot", { on: true });
  await dice.tab.ask("join", { room: "marks" });
  await dice.post("you rolled a six", "marks");
  await mod.tab.ask("grant", { room: "marks", user: "dice", on: true });
  await pia.post("silly words", "marks");
  await mod.post("please stop", "marks");
  await mod.tab.ask("mute", { room: "marks", user: "pia", on: true });
  const olga = await server.operator();
  await olga.send("/join marks");
  await olga.heading("#marks").waitFor();
  await olga.send("I run this server");
  const ana = await server.window("ana");
  await ana.send("/join marks");
  await ana.heading("#marks").waitFor();
  const authors = [
    ["silly words", "muted"],
    ["please stop", "moderator"],
    ["you rolled a six", "moderator"],
    ["you rolled a six", "bot"],
    ["I run this server", "operator"],
  ] as const;
  for (const [text, mark] of authors) {
    await ana.message(text).locator(".role").getByText(mark, { exact: true }).waitFor();
  }
  const listed = (name: string) => ana.page.locator(".people-list li").filter({ hasText: name });
  await listed("olga").getByText("operator").waitFor();
  await listed("pia").getByText("muted").waitFor();
  await ana.composer.fill("@mor");
  await ana.page.locator(".option").getByText("moderator").waitFor();
  await ana.composer.fill("");
  await mod.tab.ask("mute", { room: "marks", user: "pia", on: false });
  await ana.message("silly words").locator(".role").waitFor({ state: "detached" });
});

pageTest("opens a person's card from a message by click and by keyboard", async () => {
  const mod = await server.headlessUser("Nadia");
  const kim = await server.headlessUser("kim");
  await mod.tab.ask("join", { room: "cards", create: true });
  await kim.tab.ask("join", { room: "cards" });
  await kim.post("open my card", "cards");
  const ana = await server.window("ana");
  await ana.send("/join cards");
  await ana.heading("#cards").waitFor();
  const card = ana.dialog(/^kim$/);
  await ana.message("open my card").locator(".avatar").click();
  await card.getByText("online").waitFor();
  await card.getByRole("button", { name: "#cards" }).waitFor();
  await card.getByText(/^Registered: /).waitFor();
  expect(await card.getByRole("button", { name: "Moderate" }).count()).toBe(0);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await card.getByRole("button", { name: "Verify" }).click();
  await ana.dialog("Verify kim").waitFor();
  expect(await card.count()).toBe(0);
  await ana.page.keyboard.press("Escape");
  await ana.dialog("Verify kim").waitFor({ state: "detached" });

  await mod.tab.ask("grant", { room: "cards", user: "ana", on: true });
  await ana.page.getByText("made ana a moderator").waitFor();
  await ana.message("open my card").focus();
  await ana.page.keyboard.press("Enter");
  await ana.menuItem("Profile of kim").focus();
  await ana.page.keyboard.press("Enter");
  await card.getByRole("button", { name: "Moderate" }).click();
  await ana.menuItem("Call on kim").click();
  await ana.page.locator(".lesson").getByText("kim is speaking").first().waitFor();
  await ana.button("Done with kim").click();
  await ana.message("open my card").locator(".avatar").click();
  await card.getByRole("button", { name: "Moderate" }).click();
  await ana.menuItem("Remove from room").click();
  await ana.dialog("Remove kim from #cards?").getByRole("button", { name: "Cancel" }).click();
  await ana.page.locator(".people-list").getByRole("button", { name: "kim", exact: true }).click();
  await card.getByRole("button", { name: "Message kim" }).click();
  await ana.heading("@kim").waitFor();
  expect(await card.count()).toBe(0);
});

pageTest(
  "marks another account's messages under a known name until its key is accepted",
  async () => {
    const [bea, eva] = [server.home("bea"), server.home("eva")];
    await bea.json(["send", "good morning"]);
    await eva.json(["send", "I am eva"]);
    const ana = await server.window("ana");
    await ana.send("/join lobby");
    await ana.message("good morning").locator(".avatar").click();
    const card = ana.dialog(/^bea$/);
    await card.getByText(/^[\w-]{8} since /).waitFor();
    await ana.page.keyboard.press("Escape");
    const rename = (from: string, to: string) =>
      server.home("otto").json(["admin", "rename", from, to]);
    await rename("bea", "old-bea");
    await rename("eva", "bea");
    await eva.json(["send", "I am bea, too", "--user", "eva"]);
    const marked = ana.message("I am bea, too");
    await marked.locator(".role").getByText("new key", { exact: true }).waitFor();
    expect(await ana.message("good morning").locator(".role").count()).toBe(0);
    await marked.locator(".avatar").click();
    await card
      .locator(".dialog-body")
      .getByText(/^bea's key has changed/)
      .waitFor();
    expect(await card.getByText(/^[\w-]{8} since /).count()).toBe(2);
    expect(await ana.accessibilityViolations()).toEqual([]);
    await card.getByRole("button", { name: "Verify" }).click();
    const verify = ana.dialog("Verify bea");
    await verify
      .getByText(/^\d{5}$/)
      .first()
      .waitFor();
    await verify.getByRole("button", { name: "Accept bea's new key" }).click();
    await ana
      .dialog("Accept bea's new key")
      .getByRole("button", { name: "Accept bea's new key" })
      .click();
    await marked.locator(".role").waitFor({ state: "detached" });
  },
);

async function choosePicture(ana: Visit, name: string, buffer: Buffer): Promise<void> {
  const choosing = ana.page.waitForEvent("filechooser");
  await ana.button("Choose a picture…").click();
  await (await choosing).setFiles({ name, mimeType: "application/octet-stream", buffer });
}

/** Sides of the pictures below an element, as decoded. */
function picturesIn({ page }: Visit, selector: string): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll("${selector} .avatar > img")].map((img) =>
    img.complete ? img.naturalWidth + "x" + img.naturalHeight : "")`);
}

function cornersOf({ page }: Visit, selector: string): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const picture = document.querySelector("${selector}");
    const context = new OffscreenCanvas(256, 256).getContext("2d");
    context.drawImage(picture, 0, 0);
    return [[20, 20], [235, 235]].map(([x, y]) => {
      const [red, green, blue] = context.getImageData(x, y, 1, 1).data;
      return green > 200 && red < 80 && blue < 80 ? "green" : [red, green, blue].join();
    });
  })()`);
}

pageTest("shows an uploaded picture wherever the person is, until it is removed", async () => {
  const hal = await server.headlessUser("hal");
  await hal.tab.ask("join", { room: "faces", create: true });
  const paul = await server.window("paul");
  const vera = await server.window("vera");
  await paul.send("/join faces");
  await paul.heading("#faces").waitFor();
  await vera.send("/join faces");
  await vera.heading("#faces").waitFor();
  await paul.send("look at me");
  await paul.send("/msg vera just you");
  await vera.waitForMessage("look at me");
  const places = [".list", ".people-list", ".room-line[data-target='@paul']"];
  const areIn = async (places: readonly string[], sides: string, visit = vera) => {
    for (const place of places) {
      await until(`${place} has ${sides}`, async () => {
        const [first = ""] = await picturesIn(visit, place);
        return first === sides;
      });
    }
  };
  const settings = await paul.openSettings();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
  const page = Buffer.concat([Buffer.from("ffd8ffe0", "hex"), Buffer.from("<!doctype html>")]);
  for (const refused of [svg, page]) {
    await choosePicture(paul, "face.png", refused);
    await settings.getByText("Choose a JPEG, PNG or WebP picture.").waitFor();
  }
  await choosePicture(paul, "face.svg", photo(900, 600));
  await areIn([".picture-setting"], "256x256", paul);
  await areIn(places, "256x256");
  await vera.composer.fill("@pau");
  await areIn([".suggestions"], "256x256");
  await vera.composer.fill("");
  await vera.message("look at me").locator(".avatar").click();
  await areIn([".person-card"], "256x256");
  expect(await vera.accessibilityViolations()).toEqual([]);
  await vera.page.keyboard.press("Escape");
  await until("the history has no layer", () => vera.page.evaluate("history.state === 0"));

  await vera.reload();
  await vera.heading("#faces").waitFor();
  await areIn(places, "256x256");
  await choosePicture(paul, "small.png", photo(40, 60));
  await areIn(places, "40x40");
  // Red, green and blue from the top, turned by its metadata: the middle is green.
  const bands = pngOf(900, 300, (x) => [
    x < 300 ? 255 : 0,
    x >= 300 && x < 600 ? 255 : 0,
    x >= 600 ? 255 : 0,
  ]);
  const turned = withExif(await new Bun.Image(bands).jpeg().bytes(), orientation(6));
  await choosePicture(paul, "turned.jpg", Buffer.from(turned));
  // The size is known before the picture is decoded.
  await until("the picture is turned", async () => {
    const corners = await cornersOf(paul, ".picture-setting img");
    return corners.every((corner) => corner === "green");
  });
  await paul.button("Remove picture").click();
  await areIn(places, "");
  await areIn([".picture-setting"], "", paul);
  const [initials] = await avatarsIn(vera, ".list");
  expect(initials?.initials).toBe("P");
});

pageTest("lets operators remove a picture, and falls back to initials if one breaks", async () => {
  const bruno = await server.headlessUser("bruno");
  await bruno.tab.ask("join", { room: "masks", create: true });
  await bruno.post("a broken picture", "masks");
  const olga = await server.operator();
  const rita = await server.window("rita");
  for (const visit of [rita, olga]) {
    await visit.send("/join masks");
    await visit.heading("#masks").waitFor();
  }
  await rita.send("a rude picture");
  await rita.openSettings();
  await choosePicture(rita, "rude.png", photo(300, 300));
  const count = async (visit: Visit) => (await picturesIn(visit, ".list")).length;
  await until("olga sees it", async () => (await count(olga)) === 1);
  await olga.message("a rude picture").locator(".avatar").click();
  await olga.button("Moderate").click();
  await olga.menuItem("Remove picture").click();
  await olga.dialog("Remove the picture of rita?").getByRole("button", { name: "Remove" }).click();
  await until("nobody sees it", async () => (await count(olga)) + (await count(rita)) === 0);

  await olga.waitForMessage("a broken picture");
  await olga.page.evaluate(`new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const { tagName } of addedNodes) if (tagName === "IMG") window.pictureCount = 1;
  }).observe(document.body, { childList: true, subtree: true })`);
  await bruno.tab.ask("avatar-set", { picture: new Uint8Array(photo(64, 64).subarray(0, 33)) });
  await until("the picture is tried", () => olga.page.evaluate("window.pictureCount === 1"));
  await until("initials again", async () => (await count(olga)) === 0);
  // As in a browser that shows no pictures.
  await olga.page.evaluate(
    "Object.defineProperty(HTMLImageElement.prototype, 'src', { set() {} })",
  );
  await bruno.tab.ask("avatar-set", { picture: new Uint8Array(photo(64, 64)) });
  const image = olga.page.locator(".avatar img").first();
  await image.waitFor({ state: "attached" });
  expect(await image.isVisible()).toBe(false);
});

pageTest("shows display names of any alphabet in place of account names", async () => {
  const names = [
    ["farida", "نادية الزهراء"],
    ["liwei", "李伟"],
    ["ruiz", "Bén Ruíz"],
  ] as const;
  const users = [];
  for (const [name, text] of names) {
    const user = await server.headlessUser(name);
    await user.tab.ask("join", { room: "names", create: true });
    await user.tab.ask("display-name", { text });
    await user.post(`Hello from ${name}.`, "names");
    users.push(user);
  }
  const yan = await server.window("yan");
  await yan.send("/join names");
  await yan.heading("#names").waitFor();
  for (const [name, text] of names) {
    const head = yan.message(`Hello from ${name}.`).locator(".message-head");
    await head.locator(".author", { hasText: text }).waitFor();
    await yan.page
      .locator(".people-list")
      .getByRole("button", { name: text, exact: true })
      .waitFor();
  }
  await yan.page.locator(".row.said", { hasText: "Bén Ruíz joined" }).waitFor();
  const hello = yan.message("Hello from ruiz.");
  expect(await hello.getAttribute("aria-label")).toStartWith("Bén Ruíz, ");
  expect(await yan.page.locator(".account-name").count()).toBe(0);
  await users[0]?.post("Ask @ruiz.", "names");
  await yan.message("Ask").locator(".mention", { hasText: "@Bén Ruíz" }).waitFor();
  // Lists and sentences of the page keep its direction.
  await users[0]?.post("مرحبا", "@yan");
  await yan.page.locator("[data-target='@farida'] .room-last", { hasText: "مرحبا" }).waitFor();
  await users[0]?.post("Hello again.", "names");
  await yan.waitForMessage("Hello again.");
  const style = (selector: string, name: string) =>
    yan.page.evaluate(
      `getComputedStyle([...document.querySelectorAll(${JSON.stringify(selector)})].find(
        ({ textContent }) => textContent.includes("نادية")))[${JSON.stringify(name)}]`,
    );
  expect([
    await style("[data-target='@farida'] .room-name", "textAlign"),
    await style("[data-target='names'] .room-last", "direction"),
    await style(".row.said > span", "direction"),
  ]).toEqual(["left", "ltr", "ltr"]);
  await yan.button("Actions for Bén Ruíz").click();
  await yan.menuItem("Message Bén Ruíz").waitFor();
  await yan.page.keyboard.press("Escape");
  await hello.locator(".author-button").click();
  await yan.dialog("Bén Ruíz").getByText("@ruiz", { exact: true }).waitFor();
  await yan.page.keyboard.press("Escape");
  const bidi = await yan.page.evaluate(
    "getComputedStyle(document.querySelector('.author')).unicodeBidi",
  );
  expect(bidi).toBe("isolate");
  await yan.composer.fill("Hi @rui");
  await yan.page.locator(".suggestions .option", { hasText: "Bén Ruíz" }).waitFor();
  await yan.page.keyboard.press("Tab");
  expect(await yan.composer.inputValue()).toBe("Hi @ruiz ");
  await yan.composer.fill("");

  const settings = await yan.openSettings();
  await settings.getByLabel("Display name").fill("Ben Ru1z");
  await settings.getByRole("button", { name: "Save" }).click();
  await settings.getByText("or one that looks like it").waitFor();
  await settings.getByLabel("Display name").fill("Yán  Lu");
  await settings.getByRole("button", { name: "Save" }).click();
  await until("the name is normalised", async () => {
    return (await settings.getByLabel("Display name").inputValue()) === "Yán Lu";
  });
  expect(await yan.accessibilityViolations()).toEqual([]);
  await yan.page.keyboard.press("Escape");
  await yan.send("It is me.");
  await yan.message("It is me.").locator(".author", { hasText: "Yán Lu" }).waitFor();
  await users[2]?.tab.ask("display-name", { text: "" });
  await yan.page.locator(".author", { hasText: "Bén Ruíz" }).waitFor({ state: "detached" });
});
