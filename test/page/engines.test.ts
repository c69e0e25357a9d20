/** A day in one place, with a person in each browser engine and one at a terminal. */

import { afterAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { noise } from "../e2e/couriers.ts";
import { type Fields, filesOf, type Program } from "../e2e/program.ts";
import { SharedServer } from "../e2e/shared-server.ts";
import { until } from "../event.ts";
import { type Need, requires } from "../installed.ts";
import { Chromium } from "./engines/chromium.ts";
import type { Engine, StartOptions } from "./engines/engine.ts";
import { Firefox } from "./engines/firefox.ts";
import { Person } from "./engines/person.ts";
import { WebKit } from "./engines/webkit.ts";
import { pageAddress, photo } from "./fixtures.ts";

const FAILURES = join(import.meta.dir, "../../dist/page-failures");
const hooks = requires("chromium");
const server = new SharedServer({ args: ["--posts-per-second", "1000000"] }, hooks);

/** Browsers replace some of its characters. */
const ODD_NAME = `Übung "1" 100% #ä; 日本 😀.dat`;
const ODD_BYTES = 700_001;

const people: Person[] = [];
let terminal: Program;

afterAll(() => Promise.all(people.map(({ engine }) => engine[Symbol.asyncDispose]())));

const ENGINES: readonly {
  readonly name: string;
  readonly user: string;
  readonly needs: readonly Need[];
  readonly kind: { start(options?: StartOptions): Promise<Engine> };
  /** Password of a private window, which the page of the other engines does not recognize. */
  readonly password?: string;
}[] = [
  { name: "Chromium", user: "ana", needs: ["chromium"], kind: Chromium },
  {
    name: "Firefox",
    user: "ben",
    needs: ["chromium", "firefox-esr"],
    kind: Firefox,
    password: "correct horse",
  },
  { name: "WebKit", user: "cid", needs: ["chromium", "WebKitWebDriver", "Xvfb"], kind: WebKit },
];

for (const { name, user, needs, kind, password } of ENGINES) {
  requires(...needs).test(`${name} creates an account`, async () => {
    const person = new Person(await kind.start({ isPrivate: password !== undefined }), user);
    people.push(person);
    await person.signUp(pageAddress(server.served), password);
  });
}

/** All people do the same at the same time. */
function step(name: string, act: (person: Person) => Promise<void>): void {
  hooks.test(name, async () => {
    const results = await Promise.allSettled(
      people.map(async (person) => {
        try {
          await act(person);
        } catch (error) {
          const picture = await person.engine.screenshot();
          mkdirSync(FAILURES, { recursive: true });
          const file = `${person.engine.name}-${name.replace(/\W+/g, "-")}.png`;
          writeFileSync(join(FAILURES, file), picture);
          process.kill(server.served.program.pid, "SIGCONT"); // A step may have stopped it.
          // What is open now would hinder the next steps.
          await person.engine.reload();
          await person.untilReady();
          throw new Error(`${person.engine.name}: ${(error as Error).message}`);
        }
      }),
    );
    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [String(result.reason)] : [],
    );
    if (failures.length > 0) throw new Error(failures.join("\n"));
  });
}

function home(name: string) {
  return server.sandbox.home(name).with({ CHAT_INVITE: server.served.invite, CHAT_USER: name });
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Many wait at the same time, so no line is consumed. */
async function terminalPrints(kind: string, fields: Fields): Promise<void> {
  await until(
    `the terminal prints ${kind} ${JSON.stringify(fields)}`,
    () =>
      terminal.jsonLines.some((line) =>
        Object.entries({ kind, ...fields }).every(([name, value]) => line[name] === value),
      ),
    120_000,
  );
}

/** Returns the id of the file. */
async function terminalShowsFile(name: string): Promise<unknown> {
  const found = () => filesOf(terminal.jsonLines).find((file) => file["name"] === name);
  await until(`the terminal shows ${name}`, () => found() !== undefined, 120_000);
  return found()?.["id"];
}

hooks.test("a terminal joins", async () => {
  terminal = home("tia").start(["join", "--json"]);
  await terminal.json("connected");
});

step("texts reach all people and the terminal", async (person) => {
  await person.send(`morning from ${person.name}`);
  await terminalPrints("text", { text: `morning from ${person.name}` });
  for (const { name } of people) await person.sees(`morning from ${name}`);
});

hooks.test("all see a text of the terminal, also one from right to left", async () => {
  terminal.type("hello from the terminal", "שלום עולם, hello");
  for (const person of people) {
    await person.sees("hello from the terminal");
    await person.sees("שלום עולם");
    expect(
      await person.evaluate<string>(`(() => {
        const message = ${person.message("שלום עולם")};
        const all = [...message.querySelectorAll("*")].filter((each) =>
          each.textContent.trim() === "שלום עולם, hello");
        return getComputedStyle(all.at(-1)).direction;
      })()`),
    ).toBe("rtl");
  }
});

step("a draft survives a reload", async (person) => {
  await person.write("half a thought");
  await person.engine.reload();
  await person.untilReady();
  await person.until(
    "the draft is back",
    "document.querySelector('.composer textarea').value === 'half a thought'",
  );
  await person.clearDraft();
});

step("what is typed after a click on a message is in the field", async (person) => {
  for (const text of ["isn't it/so", "'tis fine"]) {
    await person.clickMessage("hello from the terminal");
    await person.engine.type(text);
    await person.until(
      `${text} is in the field`,
      `document.querySelector('.composer textarea').value === ${JSON.stringify(text)}`,
    );
    await person.clearDraft();
  }
});

step("a dialog gives the focus back", async (person) => {
  await person.clickSelector(".me-button");
  await person.until("the dialog is open", "document.querySelector('dialog[open]')");
  await person.closeLayers();
  await person.until("the button has the focus", "document.activeElement.matches('.me-button')");
});

step("a menu opens above the page and closes", async (person) => {
  await person.clickSelector(".composer-add");
  await person.until(
    "the menu is drawn inside the window",
    `(() => {
    const box = document.querySelector("[role=menu]")?.getBoundingClientRect();
    return box && box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0;
  })()`,
  );
  await person.clickSelector(".composer-add");
  await person.until("its button closes it", "document.querySelector('[role=menu]') === null");
});

step("a photo has a preview for all", async (person) => {
  const path = server.sandbox.path(`roof-${person.name}.png`);
  writeFileSync(path, photo(300, 200));
  await person.engine.chooseFiles(".composer input[type=file]", [path]);
  await person.until("it is attached", "document.querySelector('.attachment')");
  await person.clickSelector(".composer .send-button");
  for (const { name } of people) {
    await person.until(
      `the photo of ${name} is drawn`,
      `document.querySelector('[aria-label="Enlarge roof-${name}.png"] img')?.naturalWidth > 0`,
    );
  }
});

step("12 MB arrive whole", async (person) => {
  const name = `large-${person.name}.bin`;
  const bytes = noise(12_000_000);
  writeFileSync(server.sandbox.path(name), bytes);
  await person.engine.chooseFiles(".composer input[type=file]", [server.sandbox.path(name)]);
  await person.until("it is attached", "document.querySelector('.attachment')");
  await person.clickSelector(".composer .send-button");
  const id = await terminalShowsFile(name);
  const saved = server.sandbox.path(`saved-${person.name}`);
  mkdirSync(saved);
  terminal.type(`/get ${id} ${saved}`);
  await terminalPrints("got", { id });
  expect(sha256(readFileSync(join(saved, name)))).toBe(sha256(bytes));
});

hooks.test("the terminal sends a file with an odd name", async () => {
  writeFileSync(server.sandbox.path(ODD_NAME), noise(ODD_BYTES));
  const tom = home("tom");
  await tom.json(["send-file", server.sandbox.path(ODD_NAME), "--to", "lobby"]);
  await terminalShowsFile(ODD_NAME);
});

step("a download keeps its odd name", async (person) => {
  const saved = await person.save(ODD_NAME, ODD_BYTES);
  expect(basename(saved).replaceAll(/["%]/g, "_")).toBe(ODD_NAME.replaceAll(/["%]/g, "_"));
  expect(sha256(readFileSync(saved))).toBe(sha256(readFileSync(server.sandbox.path(ODD_NAME))));
});

step("each person reacts to the same message", async (person) => {
  await person.openMessageMenu("hello from the terminal");
  await person.click("^React with 👏$");
  await person.until(
    "all reactions are counted",
    `${person.message("hello from the terminal")}.querySelector(".reaction")
      ?.getAttribute("aria-label")?.startsWith("👏 ${people.length}:")`,
  );
});

step("a pasted and a dropped file are attached", async (person) => {
  for (const kind of ["paste", "drop"]) {
    await person.evaluate(`(() => {
      const data = new DataTransfer();
      data.items.add(new File(["of a ${kind}"], "${kind}-${person.name}.txt"));
      const field = document.querySelector(".composer textarea");
      const options = { bubbles: true, cancelable: true };
      if ("${kind}" === "paste") {
        const event = new Event("paste", options);
        Object.defineProperty(event, "clipboardData", { value: data });
        field.dispatchEvent(event);
      } else for (const type of ["dragenter", "dragover", "drop"]) {
        field.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: data }));
      }
    })()`);
    await person.until(
      `the ${kind} is attached`,
      `[...document.querySelectorAll(".attachment")].some((each) =>
        each.textContent.includes("${kind}-${person.name}"))`,
    );
  }
  await person.clickSelector(".composer .send-button");
  await terminalShowsFile(`paste-${person.name}.txt`);
  await terminalShowsFile(`drop-${person.name}.txt`);
});

step("a voice message plays in each engine, or says why not", async (person) => {
  await person.click("^Record voice message$");
  await person.until(
    "a second is recorded",
    "document.querySelector('.record-time')?.textContent === '0:01'",
  );
  await person.click("^Stop$");
  await person.click("^Send$", ".record");
  for (const { name } of people) {
    await person.until(
      `the voice of ${name} can be played, or the page says why not`,
      `document.querySelector('[role=group][aria-label^="Voice message of ${name}, 0:0"]') ??
        document.body.textContent.includes("This browser can't play this file")`,
    );
  }
});

step("a voice message of each other person plays, or the page says why not", async (person) => {
  for (const { name } of people) {
    await person.click(`^Play Voice message of ${name}|^Play voice message of ${name}`);
    await person.until(
      `the voice of ${name} plays`,
      `document.querySelector('[aria-label^="Pause"]') ?? document.querySelector(".playing") ??
        document.body.textContent.includes("This browser can't play this file")`,
    );
  }
});

step("the user's own message is in view", async (person) => {
  await person.send(`seen by ${person.name}`);
  await person.seesInView(`seen by ${person.name}`);
});

hooks.test("the server stands still", () => {
  process.kill(server.served.program.pid, "SIGSTOP");
});

step("a text can be sent meanwhile", (person) => person.send(`in silence by ${person.name}`));

hooks.test("the server continues", () => {
  process.kill(server.served.program.pid, "SIGCONT");
});

step("all texts of that time arrive", async (person) => {
  for (const { name } of people) await person.sees(`in silence by ${name}`);
});

step("a search finds a text", async (person) => {
  await person.click("^Search");
  await person.until("the field is there", "document.activeElement.matches('input')");
  await person.engine.type("hello from the terminal");
  await person.until("it is found", "document.querySelectorAll('mark').length > 0");
  await person.engine.press("Escape"); // Removes the filter, then the text.
  await person.engine.press("Escape");
  await person.closeLayers();
});

step("the newest message is shown before many arrive", async (person) => {
  await person.send(`at the end, ${person.name}`);
  await person.seesInView(`at the end, ${person.name}`);
  await person.evaluate(`void (() => {
    const rows = document.querySelector(".timeline .list > div");
    globalThis.takesClicks = true;
    new MutationObserver(() => {
      if (rows.style.pointerEvents === "none") globalThis.takesClicks = false;
    }).observe(rows, { attributeFilter: ["style"] });
  })()`);
});

hooks.test("the terminal sends more than a window shows", async () => {
  const lines = Array.from({ length: 300 }, (_, n) => `line ${n}.${" and more".repeat(n % 40)}`);
  terminal.type(...lines);
  await terminalPrints("text", { text: lines.at(-1) });
});

step("a list that follows new messages takes clicks", async (person) => {
  await person.seesInView("line 299.");
  expect(await person.evaluate<boolean>("globalThis.takesClicks")).toBe(true);
});

step("a reload shows what was not read, and leads to the latest message", async (person) => {
  await person.engine.reload();
  await person.untilReady();
  await person.until(
    "the latest message is shown",
    `(() => {
      document.querySelector(".newest button")?.click();
      return [...document.querySelectorAll("article")].some(({ textContent }) => {
        return textContent.includes("line 299.");
      });
    })()`,
  );
});

hooks.test("the server stands still before older messages are loaded", () => {
  process.kill(server.served.program.pid, "SIGSTOP");
});

step("the wheel stops where nothing is loaded", async (person) => {
  await until(`${person.engine.name} loads older messages`, async () => {
    await person.wheel(-700);
    return person.evaluate<boolean>("document.querySelector('.timeline .loading') !== null");
  });
  await person.markPlace();
});

hooks.test("the server continues with older messages", () => {
  process.kill(server.served.program.pid, "SIGCONT");
});

step("older messages move no visible one", async (person) => {
  await person.until("they are loaded", "!document.querySelector('.timeline .loading')");
  expect(Math.abs(await person.movedPx())).toBeLessThanOrEqual(1);
});

step("the place survives a larger text and a turned window", async (person) => {
  const { engine } = person;
  const seq = await person.firstVisible();
  for (const fontSize of ["150%", ""]) {
    await person.evaluate(`void (document.documentElement.style.fontSize = "${fontSize}")`);
    await person.untilFirstVisible(seq);
  }
  for (const [width, height] of [
    [430, 900],
    [1280, 800],
  ] as const) {
    await engine.resize(width, height);
    await person.untilFirstVisible(seq);
  }
});

for (const [isUp, name] of [
  [true, "a strip that appears above the messages moves none of them"],
  [false, "a strip that disappears above the messages moves none of them"],
] as const) {
  step("the place is marked", (person) => person.markPlace());

  hooks.test(`the terminal ${isUp ? "raises" : "lowers"} a hand`, () => {
    terminal.type("/hand");
  });

  step(name, async (person) => {
    const strip = "document.querySelector('.lesson')";
    await person.until("the strip has changed", isUp ? strip : `${strip} === null`);
    expect(Math.abs(await person.movedPx())).toBeLessThanOrEqual(1);
  });
}

step("the wheel reaches messages that are not loaded yet", async (person) => {
  await until(`${person.engine.name} shows the first line`, async () => {
    await person.wheel(-1_500);
    return person.evaluate<boolean>(`${person.message("line 0.")} !== undefined`);
  });
  await person.send(`back at the end, ${person.name}`);
  await person.seesInView(`back at the end, ${person.name}`);
});

step("dates and times are those of the language", async (person) => {
  const shows = (time: RegExp) =>
    `${time}.test(document.querySelector(".room-line time").textContent)`;
  await person.until("they are English", shows(/^\d{1,2}:\d\d( [AP]M)?$/));
  await person.setLanguage("id");
  await person.until("they are Indonesian", shows(/^\d{1,2}\.\d\d( [AP]M)?$/));
  await person.setLanguage("en");
});

step("nothing runs over at a text size of 200 %", async (person) => {
  await person.evaluate("void (document.documentElement.style.fontSize = '200%')");
  expect(await person.overflow()).toBeLessThanOrEqual(0);
  await person.seesComposer();
  await person.evaluate("void (document.documentElement.style.fontSize = '')");
});

step("two tabs of one account show each message once", async (person) => {
  const { name } = person;
  await person.openSecondTab();
  await person.send(`first tab of ${name}`);
  await person.sendInSecondTab(`second tab of ${name}`);
  const showsBoth = async (tab: "globalThis" | "secondTab") => {
    for (const text of [`first tab of ${name}`, `second tab of ${name}`])
      await person.until(`${tab} shows "${text}" once`, `${person.copies(text, tab)} === 1`);
  };
  await showsBoth("secondTab");
  await person.evaluate("void secondTab.close()");
  // Firefox delays the frames of a tab in the background, and WebKit scrolls in none.
  await until(`${name} is at the end`, () =>
    person.evaluate<boolean>(`(() => {
      [...document.querySelectorAll(".newest button")].at(-1)?.click();
      return ${person.copies(`second tab of ${name}`)} === 1;
    })()`),
  );
  await showsBoth("globalThis");
  await person.send(`one tab of ${name}`);
  await terminalPrints("text", { text: `one tab of ${name}` });
  for (const text of ["first tab", "second tab", "one tab"])
    await person.until(`"${text}" is shown once`, `${person.copies(`${text} of ${name}`)} === 1`);
});

hooks.test("the terminal creates an encrypted room", async () => {
  terminal.type("/join vault --sealed");
  await terminalPrints("joined", { room: "vault" });
  for (const { name } of people) {
    terminal.type(`/invite ${name}`);
    await terminalPrints("let-in", { user: name, missing: 0 });
  }
});

step("all join the encrypted room", async (person) => {
  await person.click("^Join");
  await person.until(
    "the room is open",
    "document.querySelector('.composer textarea')?.placeholder === 'Message vault'",
  );
  await person.send(`secret of ${person.name}`);
  for (const { name } of people) await person.sees(`secret of ${name}`);
});

step("an encrypted room is readable after a reload", async (person) => {
  await person.engine.reload();
  await person.untilReady();
  for (const { name } of people) await person.sees(`secret of ${name}`);
  await person.send(`again ${person.name}`);
  for (const { name } of people) await person.sees(`again ${name}`);
});

step("nothing runs over in a narrow window", async (person) => {
  await person.engine.resize(430, 900);
  await person.until("the window is narrow", "innerWidth <= 450");
  expect(await person.overflow()).toBeLessThanOrEqual(0);
  await person.engine.resize(1280, 800);
  await person.until("the window is wide", "innerWidth > 1000");
});

step("no error was logged", async ({ engine }) => {
  expect(engine.errors).toEqual([]);
});

for (const { name, user, needs, kind } of ENGINES) {
  requires(...needs).test(`${name} follows less motion and more contrast`, async () => {
    await using engine = await kind.start({ isCalm: true });
    const person = new Person(engine, `calm-${user}`);
    await person.signUp(pageAddress(server.served));
    expect(await person.moving()).toEqual([]);
    await person.clickSelector(".me-button");
    await person.until("the dialog is open", "document.querySelector('dialog[open]')");
    expect(await person.moving()).toEqual([]);
    await person.closeLayers();
    expect(await person.faint()).toEqual([]);
  });
}
